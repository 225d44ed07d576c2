/** The stores behind online reads. */
import type { LakeReader } from './lake-reader.ts';
import type { RecordedPositions } from './recorded-positions.ts';
import type { RedisClient } from './redis-client.ts';
import type { StateCache } from './state-cache.ts';
import type { WriteBack } from './write-back.ts';

export interface OnlineReadDependencies {
  readonly project: string;
  readonly redis: RedisClient;
  readonly positions: RecordedPositions;
  /** Null when there is no historical engine at hand: what only the lake knows is then `UNAVAILABLE`. */
  readonly lake: LakeReader | null;
  /** Default: what the lake answered is not written back. */
  readonly writeBack?: WriteBack | undefined;
  /** Default: nothing is held in this process. */
  readonly cache?: StateCache;
}
