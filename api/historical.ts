import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import type { FastifyInstance, FastifyReply } from 'fastify';
import { AsofError } from '../contracts/errors.ts';
import { toJsonText } from '../contracts/json-text.ts';
import type { DefinitionSource } from '../library/applied-definitions.ts';
import {
  MOST_FRAME_ROWS,
  MOST_FRAME_VALUES,
  retrieveFrame,
  type Frame,
  type FrameRows,
} from '../library/historical-frame.ts';
import { streamParquet } from '../offline/arrow-rows.ts';
import { ARROW_STREAM, sendStream, wantsArrow } from './arrow-reply.ts';
import type { ServingWork } from './serving-limits.ts';

interface HistoricalBody {
  readonly rows?: readonly Readonly<Record<string, unknown>>[];
  readonly entities?: Readonly<Record<string, readonly unknown[]>>;
  readonly from?: string;
  readonly to?: string;
  readonly every?: string;
  readonly features?: readonly string[];
  readonly service?: string;
  readonly asKnown?: boolean;
  readonly shortNames?: boolean;
}

const HISTORICAL_SCHEMA = {
  summary: 'Join a small frame point in time',
  description: `At most ${MOST_FRAME_ROWS} rows and ${MOST_FRAME_VALUES} values; build a dataset for more.`,
  body: {
    type: 'object',
    additionalProperties: false,
    properties: {
      rows: {
        type: 'array',
        items: { type: 'object' },
        description: 'keys and event_timestamp; other columns come back untouched',
      },
      entities: {
        type: 'object',
        description: 'in place of rows: key column to keys, each asked for at every instant of the range',
        additionalProperties: { type: 'array', items: {} },
      },
      from: { type: 'string', description: 'first instant, ISO 8601' },
      to: { type: 'string', description: 'end of the range, exclusive' },
      every: { type: 'string', description: 'step of the range, a duration; default 1h' },
      features: { type: 'array', items: { type: 'string' }, description: '`view:feature`, or `view` for all' },
      service: { type: 'string', description: 'a feature service; this or `features`' },
      asKnown: { type: 'boolean', description: 'only rows created by then count' },
      shortNames: { type: 'boolean', description: 'feature columns without the name of their view' },
    },
  },
  answers: {
    200: {
      description: 'the rows in order, with their features; an Arrow stream on request',
      content: {
        'application/json': {
          schema: {
            type: 'object',
            required: ['columns', 'rows', 'snapshots', 'leakage'],
            properties: {
              columns: { type: 'array', items: { type: 'string' } },
              snapshots: { type: 'object', additionalProperties: { type: 'integer' } },
              leakage: { type: 'object', additionalProperties: { type: ['integer', 'string'] } },
              rows: { type: 'array', items: { type: 'object' } },
            },
          },
        },
        [ARROW_STREAM]: { schema: { type: 'string', format: 'binary' } },
      },
    },
  },
} as const;

export function serveHistorical(
  server: FastifyInstance,
  dependencies: Parameters<typeof retrieveFrame>[0],
  definitions: DefinitionSource,
  { frames }: Pick<ServingWork, 'frames'>,
): void {
  const options = { schema: HISTORICAL_SCHEMA, onRequest: async () => frames.requireRoom() };
  server.post('/v1/historical', options, async (request, reply) => {
    const { features, service, asKnown = false, shortNames = false, ...rest } = request.body as HistoricalBody;
    const arrow = wantsArrow(request);
    const asked = { ...(features && { features }), ...(service !== undefined && { service }), frame: frameOf(rest) };
    const format = arrow ? 'parquet' : 'jsonl';
    const compiled = await definitions.current();
    const frame = await frames.run(() =>
      retrieveFrame(dependencies, compiled, { ...asked, asKnown, shortNames, format }),
    );
    return arrow
      ? sendStream(reply, ARROW_STREAM, discarding(frame, streamParquet(dependencies.engine, frame.file)))
      : sendRows(reply, frame);
  });
}

function frameOf({ rows, entities, from, to, every }: HistoricalBody): FrameRows {
  const ranged = [entities, from, to, every].some((value) => value !== undefined);
  if (rows !== undefined && !ranged) return { rows };
  if (rows === undefined && entities !== undefined && from !== undefined && to !== undefined) {
    return { entities, from, to, ...(every !== undefined && { every }) };
  }
  throw new AsofError('USAGE', { problem: 'give "rows", or "entities" with "from" and "to"' });
}

/** The rows are JSON already, with every digit. */
async function sendRows(reply: FastifyReply, frame: Frame): Promise<FastifyReply> {
  const { columns, snapshots, leakage } = frame;
  const document = async function* (): AsyncGenerator<string> {
    yield `${toJsonText({ columns, snapshots, leakage }).slice(0, -1)},"rows":[`;
    let separator = '';
    for await (const line of createInterface({ input: createReadStream(frame.file), crlfDelay: Infinity })) {
      yield `${separator}${line}`;
      separator = ',';
    }
    yield ']}';
  };
  return sendStream(reply, 'application/json; charset=utf-8', discarding(frame, document()));
}

/** Gives the file up when its reader has, too. */
async function* discarding<T>(frame: Frame, stream: AsyncIterable<T>): AsyncGenerator<T> {
  try {
    yield* stream;
  } finally {
    await frame.discard();
  }
}
