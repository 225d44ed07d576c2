/** Writes ever newer rows of the known values by pushes over HTTP, each again under its key until it is acknowledged. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Dice } from '../dice.ts';
import type { HttpClient } from './http-client.ts';
import type { KnownValues } from './known-values.ts';

const PATH = '/v1/push/last_purchase';
const ROWS = 20;
const PAUSE_MILLIS = 200;
const AGAIN_MILLIS = 50;
/** The others go to Redis alone; these come back from the lake. */
const SHARE_OF_LAKE = 0.05;

export interface RowWriter {
  /** Pushes the next version of these keys. Throws when a push is refused for what it holds. */
  write(keys: readonly number[], to: 'online' | 'both'): Promise<void>;
  /** Writes until it is told to stop. */
  run(dice: Dice, stop: AbortSignal): Promise<void>;
  /** Pushes that were acknowledged, and tries that were not. */
  readonly pushes: number;
  readonly repeated: number;
}

export function openRowWriter(client: HttpClient, known: KnownValues): RowWriter {
  const counts = { pushes: 0, repeated: 0 };
  const write = async (keys: readonly number[], to: 'online' | 'both'): Promise<void> => {
    const at = new Date().toISOString();
    const rows = keys.map((key) => ({ ...known.next(key), at, shop: 'soak' }));
    const body = JSON.stringify({ rows, to });
    const headers = { 'idempotency-key': `push ${counts.pushes}` };
    for (;;) {
      const outcome = await client.post(PATH, body, headers);
      if (outcome.kind === 'answer' && outcome.status === 200) break;
      if (outcome.kind === 'answer' && outcome.status < 500) throw new Error(`${outcome.status}: ${outcome.body}`);
      counts.repeated += 1;
      await sleep(AGAIN_MILLIS);
    }
    counts.pushes += 1;
    for (const key of keys) known.acknowledge(key);
  };
  return {
    write,
    async run(dice, stop) {
      while (!stop.aborted) {
        const keys = new Set(Array.from({ length: ROWS }, () => dice.integer(known.keys)));
        await write([...keys], dice.happens(SHARE_OF_LAKE) ? 'both' : 'online');
        await sleep(PAUSE_MILLIS, undefined, { signal: stop }).catch(() => undefined);
      }
    },
    get pushes() {
      return counts.pushes;
    },
    get repeated() {
      return counts.repeated;
    },
  };
}
