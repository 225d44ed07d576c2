/** The codec endpoint of Temporal's UI and command line: they send payloads as they found them, and get them readable. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Payload, PayloadCodec } from '@temporalio/common';
import { AsofError } from '../contracts/errors.ts';

/** A payload in the JSON of Temporal's protocol: bytes in base64. */
interface JsonPayload {
  readonly metadata?: Readonly<Record<string, string>>;
  readonly data?: string;
}

const PAYLOADS = {
  type: 'object',
  required: ['payloads'],
  properties: {
    payloads: {
      type: 'array',
      items: {
        type: 'object',
        properties: {
          metadata: { type: 'object', additionalProperties: { type: 'string', description: 'base64' } },
          data: { type: 'string', description: 'base64' },
        },
      },
    },
  },
} as const;

const ANSWERS = {
  200: { description: 'the payloads, in the same order', content: { 'application/json': { schema: PAYLOADS } } },
} as const;

const SUMMARIES = {
  encode: "Encrypt payloads, as Temporal's remote codecs do",
  decode: "Decrypt payloads, as Temporal's remote codecs do",
} as const;

/**
 * `POST /v1/codec/decode` and `/encode`, for callers without a page and for pages of this machine or of `origins`. Any other page is
 * refused, so that no web site reads payloads through a browser that happens to run here.
 */
export function servePayloadCodec(server: FastifyInstance, codec: PayloadCodec, origins: readonly string[]): void {
  const admit = async (request: FastifyRequest, reply: FastifyReply): Promise<void> => {
    const { origin } = request.headers;
    if (origin === undefined) return;
    if (!isOfThisMachine(origin) && !origins.includes(origin)) {
      const problem = `pages of ${origin.slice(0, 200)} may not read payloads; name it in ASOF_CODEC_ORIGINS`;
      throw new AsofError('ORIGIN_REFUSED', { problem });
    }
    void reply.headers({ 'access-control-allow-origin': origin, vary: 'origin' });
  };

  for (const direction of ['encode', 'decode'] as const) {
    const url = `/v1/codec/${direction}`;
    server.options(url, { onRequest: admit }, async (_request, reply) =>
      reply
        .status(204)
        .headers({
          'access-control-allow-methods': 'POST',
          'access-control-allow-headers': 'content-type, x-namespace, authorization',
          'access-control-max-age': '600',
        })
        .send(),
    );
    const schema = { summary: SUMMARIES[direction], body: PAYLOADS, answers: ANSWERS };
    server.post(url, { onRequest: admit, schema }, async (request) => {
      const { payloads } = request.body as { readonly payloads: readonly JsonPayload[] };
      return { payloads: (await codec[direction](payloads.map(fromJson))).map(toJson) };
    });
  }
}

function isOfThisMachine(origin: string): boolean {
  return /^https?:\/\/(localhost|127\.0\.0\.1|\[::1\])(:\d+)?$/.test(origin);
}

function fromJson({ metadata = {}, data }: JsonPayload): Payload {
  const entries = Object.entries(metadata).map(([name, text]) => [name, Buffer.from(text, 'base64')] as const);
  return { metadata: Object.fromEntries(entries), ...(data !== undefined && { data: Buffer.from(data, 'base64') }) };
}

function toJson({ metadata, data }: Payload): JsonPayload {
  const entries = Object.entries(metadata ?? {}).map(([name, bytes]) => [name, base64(bytes)] as const);
  return { metadata: Object.fromEntries(entries), ...(data && { data: base64(data) }) };
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64');
}
