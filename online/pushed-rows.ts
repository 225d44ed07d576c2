/**
 * Pushed rows straight to Redis, without the lake. Only as-of views take them: a row replaces another by its order alone, so
 * pushes, their retries and a materialization end with the same value whoever comes first. A window's state is made of
 * the rows of the lake, and rows that are not there would be lost, or counted twice, with the next one.
 */
import type { Catalog } from '../catalog/catalog.ts';
import { AsofError } from '../contracts/errors.ts';
import type { FeatureViewManifest, Manifest } from '../contracts/manifest.ts';
import { formatInstant, type Micros } from '../contracts/time.ts';
import type { Engine } from '../engine/engine.ts';
import { requireStoredSource } from '../ingestion/plan-ingestion.ts';
import { readPushedRows, reservePushedRows, type PushedRow } from '../ingestion/pushed-input.ts';
import { readArrivedRows, stageArrivedRows, type KeyedRow } from './arrived-rows.ts';
import { asofDueAt } from './asof-state.ts';
import { createKeyEncoder } from './entity-key.ts';

import { ScriptRefusal, type RedisClient } from './redis-client.ts';
import { lifeMillis } from './state-life.ts';
import { createStateMerger, type StateMerger } from './state-merger.ts';
import { createStateWriter } from './state-writer.ts';
import { ensureEpoch } from './store-content.ts';
import { viewKeys } from './store-keys.ts';
import { START } from './view-stream.ts';

export interface PushDependencies {
  readonly catalog: Pick<Catalog, 'tables'>;
  readonly engine: Engine;
  readonly redis: RedisClient;
}

export interface OnlinePush {
  readonly manifest: Manifest;
  readonly source: string;
  /** As-of views of the source that are online. */
  readonly views: readonly FeatureViewManifest[];
  readonly rows: readonly PushedRow[];
  /** With the sequences of this key: those that the same push to the lake has. */
  readonly idempotencyKey: string;
  readonly now: Micros;
}

interface ViewRows {
  readonly view: FeatureViewManifest;
  readonly merger: StateMerger;
  readonly rows: readonly KeyedRow[];
}

/** Whether rows can come to the view without the lake: it takes the rows of its source as they are, the greatest of each key. */
export function takesPushedRows({ mode, rows }: FeatureViewManifest): boolean {
  return mode === 'asof' && rows === undefined;
}

/**
 * Checks all rows, then writes those that no rule sets aside to every view. Throws what `appendRows` throws, `INVALID_VALUE`
 * for a row that is not due yet, with nothing written; `REDIS_UNAVAILABLE`, after which some may be written, and the same
 * push may be given again.
 */
export async function pushOnline(
  { catalog, engine, redis }: PushDependencies,
  push: OnlinePush,
): Promise<{ readonly taken: number; readonly quarantined: number }> {
  const { manifest, rows } = push;
  const { project } = manifest;
  const source = requireStoredSource(manifest, push.source);
  const { sequenceStart } = await reservePushedRows(catalog, { ...push, project });
  const { views, quarantined } = await engine.session(async (session) => {
    const input = await readPushedRows(session, source, rows, sequenceStart);
    const { table, rejected } = await stageArrivedRows(session, source, input, `source ${source.name}`);
    const views: ViewRows[] = [];
    for (const view of push.views) {
      const merger = createStateMerger(view, source);
      const keys = createKeyEncoder(view.keys.map(({ type }) => type));
      const arrived = await readArrivedRows(session, table, { view, seen: source, merger, keys });
      requireDue(view, arrived, push.now, sequenceStart);
      views.push({ view, merger, rows: arrived });
    }
    return { views, quarantined: rejected };
  });
  try {
    const epoch = await ensureEpoch(redis, project);
    for (const one of views) await writeRows({ redis, project, epoch }, one);
  } catch (error) {
    if (!(error instanceof ScriptRefusal)) throw error;
    throw new AsofError('REDIS_UNAVAILABLE', { problem: error.message }, error);
  }
  return { taken: rows.length - quarantined, quarantined };
}

/** Reads before it is due would all have to ask the lake, which does not have what the row replaced. */
function requireDue(view: FeatureViewManifest, rows: readonly KeyedRow[], now: Micros, sequenceStart: bigint): void {
  const early = rows.find(({ order }) => asofDueAt(view, order) > now);
  if (early === undefined) return;
  const due = formatInstant(asofDueAt(view, early.order));
  throw new AsofError('INVALID_VALUE', {
    where: `view ${view.name}, row ${early.order.sequence - sequenceStart + 1n}`,
    problem: `it counts from ${due} on, which is later than the clock; push it to both, and it waits in the lake`,
  });
}

async function writeRows(
  { redis, project, epoch }: { readonly redis: RedisClient; readonly project: string; readonly epoch: string },
  { view, merger, rows }: ViewRows,
): Promise<void> {
  const writer = createStateWriter({
    ...{ redis, project, epoch },
    keys: viewKeys(project, view.name, view.fingerprint),
    position: null,
    lifeMillis: lifeMillis(view),
    removed: [],
  });
  for (const row of rows) await writer.write(row.key, merger.merge(null, [row], START).state);
  await writer.finish();
}
