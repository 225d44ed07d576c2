/** The keys that Redis holds of a view. */
import type { PlannedView } from '../contracts/plan.ts';
import type { FeatureValue } from '../contracts/values.ts';
import { toTypeScript } from '../offline/typescript-values.ts';
import type { RedisClient } from './redis-client.ts';
import { viewKeys } from './store-keys.ts';
import { viewReader } from './view-reader.ts';

export interface ListedKeys {
  /** By position the view's keys; in no order. */
  readonly keys: readonly (readonly FeatureValue[])[];
  /** Keys too long to be held in words: of each Redis has a hash alone. */
  readonly hashed: number;
  /** Whether these are all. */
  readonly complete: boolean;
}

/** At most `limit` keys of the view's version. Keys that are written or lapse meanwhile may be there or not. Throws `REDIS_UNAVAILABLE`. */
export async function listKeys(
  { redis, project }: { readonly redis: RedisClient; readonly project: string },
  planned: Pick<PlannedView, 'view' | 'source'>,
  limit: number,
): Promise<ListedKeys> {
  const { view } = planned;
  const { values: prefix } = viewKeys(project, view.name, view.fingerprint);
  const encoder = viewReader(planned).keys;
  // a key that moves inside Redis comes twice
  const seen = new Set<string>();
  const keys: FeatureValue[][] = [];
  let hashed = 0;
  for await (const page of redis.pages(prefix)) {
    for (const name of page) {
      const text = name.toString('latin1');
      if (seen.has(text)) continue;
      if (seen.size === limit) return { keys, hashed, complete: false };
      seen.add(text);
      const key = encoder.decode(name.subarray(prefix.length));
      if (key === undefined) hashed += 1;
      else keys.push(key.map((value, index) => toTypeScript(value, view.keys[index]!.type, false)));
    }
  }
  return { keys, hashed, complete: true };
}
