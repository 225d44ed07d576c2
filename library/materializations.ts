import type { Manifest } from '../contracts/manifest.ts';
import { clockNow } from '../contracts/time.ts';
import { Timestamp } from '../contracts/timestamp.ts';
import type { OnlineFollowers } from './online-followers.ts';
import type { Instant, MaterializedView } from './store.ts';

/** Throws what `Store.materialize` throws. */
export async function materializeViews(
  followers: Pick<OnlineFollowers, 'materialize'>,
  manifest: Manifest,
  views: readonly string[] | undefined,
  to: Instant | undefined,
): Promise<readonly MaterializedView[]> {
  const instant = to === undefined ? clockNow() : Timestamp.from(to, 'to').epochMicroseconds;
  const online = manifest.views.filter((view) => view.kind === 'feature' && view.online).map(({ name }) => name);
  const materialized: MaterializedView[] = [];
  for (const view of views ?? online) {
    const { fingerprint: _fingerprint, to: reached, ...counts } = await followers.materialize(manifest, view, instant);
    materialized.push({ ...counts, to: new Timestamp(reached) });
  }
  return materialized;
}
