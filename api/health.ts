import type { FastifyInstance } from 'fastify';
import { AsofError } from '../contracts/errors.ts';

export type ReadinessProbe = () => Promise<boolean>;

const DEADLINE_MILLIS = 2000;

const READY_SCHEMA = {
  summary: 'Readiness of store, catalog and Temporal',
  description: 'Online and historical reads need the catalog and Redis only: `/ready?of=catalog,redis` is about them.',
  querystring: {
    type: 'object',
    additionalProperties: false,
    properties: { of: { type: 'string', maxLength: 200, description: 'names, separated by commas; default: all' } },
  },
  answers: { 200: { description: 'all answer' }, 503: { description: 'those that answer, and those that do not' } },
} as const;

/** `/health`: the process lives. `/ready`: each store answers; 503 with the names of those that do not, and while the process ends. */
export function serveHealth(
  server: FastifyInstance,
  probes: Readonly<Record<string, ReadinessProbe>>,
  isDraining: () => boolean,
): void {
  server.get('/health', { schema: { summary: 'Liveness' } }, () => ({ status: 'ok' }));
  server.get('/ready', { schema: READY_SCHEMA }, async (request, reply) => {
    const { of } = request.query as { readonly of?: string };
    const components = await probeAll(of === undefined ? probes : pick(probes, of.split(',')));
    const draining = isDraining();
    const ready = !draining && Object.values(components).every(Boolean);
    return reply.status(ready ? 200 : 503).send({ ready, ...(draining && { draining }), components });
  });
}

/** Whether each answers within two seconds. */
export async function probeAll(
  probes: Readonly<Record<string, ReadinessProbe>>,
): Promise<Readonly<Record<string, boolean>>> {
  const states = await Promise.all(
    Object.entries(probes).map(async ([name, probe]) => {
      const answers = withinMillis(probe(), DEADLINE_MILLIS, false).catch(() => false);
      return [name, await answers] as const;
    }),
  );
  return Object.fromEntries(states);
}

/** What `work` gives, or `late` when it takes longer. */
export async function withinMillis<T, L>(work: Promise<T>, millis: number, late: L): Promise<T | L> {
  let timer: NodeJS.Timeout | undefined;
  try {
    return await Promise.race([work, new Promise<L>((resolve) => (timer = setTimeout(() => resolve(late), millis)))]);
  } finally {
    clearTimeout(timer);
  }
}

function pick(
  probes: Readonly<Record<string, ReadinessProbe>>,
  names: readonly string[],
): Readonly<Record<string, ReadinessProbe>> {
  const known = Object.keys(probes);
  const unknown = names.find((name) => !known.includes(name));
  if (unknown !== undefined) {
    throw new AsofError('UNKNOWN_NAME', { where: 'query, field "of"', kind: 'component', name: unknown, known });
  }
  return Object.fromEntries(names.map((name) => [name, probes[name]!]));
}
