import type { FastifyInstance } from 'fastify';

export type ReadinessProbe = () => Promise<boolean>;

const DEADLINE_MILLIS = 2000;

/** `/health`: the process lives. `/ready`: each store answers; 503 with the names of those that do not. */
export function serveHealth(server: FastifyInstance, probes: Readonly<Record<string, ReadinessProbe>>): void {
  server.get('/health', { schema: { summary: 'Liveness' } }, () => ({ status: 'ok' }));
  server.get('/ready', { schema: { summary: 'Readiness of store, catalog and Temporal' } }, async (_request, reply) => {
    const states = await Promise.all(
      Object.entries(probes).map(async ([name, probe]) => [name, await answersInTime(probe)] as const),
    );
    const ready = states.every(([, answers]) => answers);
    return reply.status(ready ? 200 : 503).send({ ready, components: Object.fromEntries(states) });
  });
}

async function answersInTime(probe: ReadinessProbe): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<false>((resolve) => (timer = setTimeout(() => resolve(false), DEADLINE_MILLIS)));
  try {
    return await Promise.race([probe(), late]);
  } catch {
    return false;
  } finally {
    clearTimeout(timer);
  }
}
