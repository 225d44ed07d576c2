/** Answers that are sent while they are made. */
import { Readable } from 'node:stream';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { ARROW_STREAM } from '../engine/arrow-stream.ts';

export { ARROW_STREAM };

/** Whether the caller asks for an Arrow stream; anything else gets JSON. */
export function wantsArrow({ headers }: FastifyRequest): boolean {
  const types = (headers.accept ?? '').split(',').map((type) => type.split(';', 1)[0]!.trim().toLowerCase());
  return types.includes(ARROW_STREAM);
}

/**
 * Sends what `chunks` yields, as fast as the caller reads it. What fails before the first chunk is a problem document; later
 * the connection breaks, so that no half answer looks whole.
 */
export async function sendStream(
  reply: FastifyReply,
  type: string,
  chunks: AsyncGenerator<string | Uint8Array>,
): Promise<FastifyReply> {
  const first = await chunks.next();
  const body = async function* (): AsyncGenerator<string | Uint8Array> {
    if (first.done) return;
    yield first.value;
    yield* chunks;
  };
  // bytes, not objects: the buffer is counted in bytes, so that a slow reader holds the engine back
  const stream = Readable.from(body(), { objectMode: false, highWaterMark: 256 * 1024 });
  // a caller may leave before the body was begun, and then nothing else ends it
  stream.once('close', () => void chunks.return(undefined).catch(() => undefined));
  return reply.header('content-type', type).send(stream);
}
