/** An object as a stream of bytes that survives cut connections. */
import { createHash } from 'node:crypto';
import { corruptFile } from '../recorded-file.ts';
import type { FileFacts } from '../durable-file.ts';
import { CHECKSUM_METADATA, type Bucket } from './bucket.ts';
import { isPassing, lakeFailure } from './failures.ts';
import { withRetries } from './retries.ts';

/** Takes the next bytes; its errors must be the project's own, which are never tried again. */
export type Sink = (chunk: Uint8Array) => Promise<unknown>;

type Body = AsyncIterable<Uint8Array> & { destroy(error?: Error): void };

/**
 * Gives the bytes of an object to `take`, in order. After a cut it goes on where it was, with as many attempts as a fresh
 * request has. Returns size and SHA-256 of the bytes. Throws `LAKE_FILE_CORRUPT` when there is no such object or, unless
 * `verify` is false, its bytes are not those that were stored.
 */
export async function download(
  bucket: Bucket,
  path: string,
  take: Sink,
  { verify = true }: { readonly verify?: boolean } = {},
): Promise<FileFacts> {
  const { patience } = bucket;
  const hash = createHash('sha256');
  let stored: { readonly bytes: number; readonly etag: string | undefined; readonly checksum: string | undefined };
  let bytes = 0;
  let attemptsLeft = patience.attempts;

  const readOn = async (): Promise<void> => {
    const answer = await bucket.open(path, bytes, stored?.etag);
    if (answer === undefined) throw corruptFile(path, 'the lake does not hold it');
    stored ??= {
      bytes: answer.ContentLength ?? 0,
      etag: answer.ETag,
      checksum: answer.Metadata?.[CHECKSUM_METADATA],
    };
    const body = answer.Body as unknown as Body;
    let seen = -1;
    const watch = setInterval(() => {
      if (seen === bytes) body.destroy(new Error(`no byte came for ${patience.stallMillis} ms`));
      seen = bytes;
    }, patience.stallMillis);
    try {
      for await (const chunk of body) {
        await take(chunk);
        hash.update(chunk);
        bytes += chunk.length;
        attemptsLeft = patience.attempts;
      }
    } finally {
      clearInterval(watch);
      body.destroy();
    }
    if (bytes < stored.bytes) throw new Error(`the connection ended after ${bytes} of ${stored.bytes} bytes`);
  };

  try {
    await withRetries({ ...patience, attempts: Number.MAX_SAFE_INTEGER }, async () => {
      attemptsLeft -= 1;
      try {
        await readOn();
      } catch (error) {
        const isWhole = stored !== undefined && bytes === stored.bytes && isPassing(error);
        if (!isWhole) throw attemptsLeft <= 0 ? lakeFailure(path, error) : error;
      }
    });
  } catch (error) {
    throw lakeFailure(path, error);
  }
  const checksum = hash.digest('hex');
  if (verify && stored!.checksum !== undefined && stored!.checksum !== checksum) {
    throw corruptFile(path, 'its bytes are not those that were stored');
  }
  return { bytes, checksum };
}
