/** Reads that come in one turn of the event loop are one command to Redis: a busy server writes and parses once for many requests. */
import type { Redis } from 'ioredis';

type Found = readonly (Buffer | null)[];

interface WaitingRead {
  readonly keys: readonly (Buffer | string)[];
  readonly resolve: (found: Found) => void;
  readonly reject: (error: unknown) => void;
}

/** More would let a small read wait for large ones. */
const MOST_KEYS = 500;

/** By key, null for one that is not there. Whatever fails, fails for all that were read together. */
export type ReadTogether = (keys: readonly (Buffer | string)[]) => Promise<Found>;

export function createReadBatch(client: Redis): ReadTogether {
  let waiting: WaitingRead[] = [];
  let waitingKeys = 0;
  const send = (): void => {
    const reads = waiting;
    waiting = [];
    waitingKeys = 0;
    void sendReads(client, reads);
  };
  return (keys) =>
    new Promise((resolve, reject) => {
      if (waiting.length > 0 && waitingKeys + keys.length > MOST_KEYS) send();
      waiting.push({ keys, resolve, reject });
      waitingKeys += keys.length;
      if (waiting.length === 1) {
        setImmediate(() => {
          // a large read may have sent this one already, and others may have come since: they have a turn of their own
          if (waiting.length > 0) send();
        });
      }
    });
}

async function sendReads(client: Redis, reads: readonly WaitingRead[]): Promise<void> {
  try {
    const found = await client.mgetBuffer(reads.flatMap(({ keys }) => keys));
    let from = 0;
    for (const { keys, resolve } of reads) {
      resolve(reads.length === 1 ? found : found.slice(from, from + keys.length));
      from += keys.length;
    }
  } catch (error) {
    for (const { reject } of reads) reject(error);
  }
}
