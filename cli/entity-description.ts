/** What Redis holds of one entity: the views that are read by its key, and their values now. */
import type { Catalog } from '../catalog/catalog.ts';
import type { Settings } from '../contracts/config.ts';
import { AsofError } from '../contracts/errors.ts';
import type { FeatureViewManifest, Manifest } from '../contracts/manifest.ts';
import { clockNow, formatInstant, laterInstant, type Micros } from '../contracts/time.ts';
import { suggestNames } from '../definitions/closest-names.ts';
import { resolveFeatures } from '../definitions/resolution.ts';
import { readOnlineVectors } from '../online/online-reads.ts';
import { createRecordedPositions } from '../online/recorded-positions.ts';
import type { RedisClient } from '../online/redis-client.ts';
import { formatJsonValue } from '../online/value-json.ts';
import { listVersions, type ListedVersion } from '../online/version-list.ts';
import { parsePairs } from './column-pairs.ts';
import type { Description } from './source-description.ts';
import { drawTable } from './table.ts';

interface EntityView {
  readonly view: string;
  readonly state: ListedVersion['state'];
  /** Whether Redis has a value of the key. */
  readonly held: boolean;
  readonly newestEvent: string | null;
  readonly features: Readonly<Record<string, { readonly value: unknown; readonly status: string }>>;
}

/**
 * Of each online view whose keys are all given. `pairs` are `column=key`. Throws `UNKNOWN_NAME` for a column that is no key, and
 * `INVALID_VALUE` for a key of another type.
 */
export async function describeEntity(
  { settings: { project }, catalog, redis }: { settings: Settings; catalog: Catalog; redis: RedisClient },
  manifest: Manifest,
  pairs: readonly string[],
): Promise<Description> {
  const online = manifest.views.filter((view): view is FeatureViewManifest => view.kind === 'feature' && view.online);
  const columns = columnsOf(pairs, online);
  const versions = await listVersions({ intervals: catalog.intervals, redis }, manifest);
  const stores = { project, redis, positions: createRecordedPositions(catalog.intervals), lake: null };
  const at = clockNow();
  const views: EntityView[] = [];
  for (const view of online.filter(({ keys }) => keys.every(({ name }) => columns.has(name)))) {
    const types = new Map(view.keys.map(({ name, type }) => [name, type]));
    const own = pairs.filter((pair) => types.has(columnOf(pair)));
    const plan = resolveFeatures(manifest, { features: [view.name] });
    const entities = parsePairs(own, '--entity', types);
    const vectors = await readOnlineVectors(stores, { plan, runtime: NO_FUNCTIONS, entities, at });
    const cells = vectors.features.map(({ column, cells: [cell] }) => ({ name: column.feature.name, cell: cell! }));
    const newest = cells.map(({ cell }) => cell.eventTimestamp).reduce<Micros | null>(laterInstant, null);
    views.push({
      view: view.name,
      state: versions.find((one) => one.view === view.name && one.fingerprint === view.fingerprint)!.state,
      held: newest !== null,
      newestEvent: newest === null ? null : formatInstant(newest),
      features: Object.fromEntries(
        cells.map(({ name, cell }) => [name, { value: formatJsonValue(cell.value), status: cell.status }]),
      ),
    });
  }
  const entity = Object.fromEntries(pairs.map((pair) => [columnOf(pair), pair.slice(columnOf(pair).length + 1)]));
  return { document: { kind: 'entity key', entity, at: formatInstant(at), views }, lines: draw(views) };
}

/** The views of an entity are read from, and nothing is computed. */
const NO_FUNCTIONS = {
  compute: (view: string): never => {
    throw new TypeError(`derived view ${view} has no stored values`);
  },
  map: (view: string): never => {
    throw new TypeError(`view ${view} makes rows in the lake alone`);
  },
};

function columnOf(pair: string): string {
  return pair.slice(0, Math.max(0, pair.indexOf('=')));
}

function columnsOf(pairs: readonly string[], views: readonly FeatureViewManifest[]): ReadonlySet<string> {
  const known = new Set(views.flatMap(({ keys }) => keys.map(({ name }) => name)));
  const columns = pairs.map(columnOf);
  for (const [index, column] of columns.entries()) {
    if (column === '') throw new AsofError('USAGE', { problem: `--entity takes column=key, not "${pairs[index]}"` });
    if (columns.indexOf(column) < index)
      throw new AsofError('USAGE', { problem: `--entity ${column} is given twice; describe one entity at a time` });
    if (!known.has(column))
      throw new AsofError('UNKNOWN_NAME', {
        ...{ where: '--entity', kind: 'key of an online view', name: column, known: suggestNames(column, known) },
      });
  }
  return new Set(columns);
}

function draw(views: readonly EntityView[]): readonly string[] {
  if (views.length === 0) return ['No online view is read by these keys alone.'];
  return views.flatMap(({ view, state, held, newestEvent, features }) => [
    held ? `${view}: newest event ${newestEvent}` : `${view}: ${state === 'complete' ? 'no value' : state}`,
    ...(held
      ? [
          drawTable(
            ['feature', 'value', 'status'],
            Object.entries(features).map(([name, { value, status }]) => [name, JSON.stringify(value), status]),
          ),
        ]
      : []),
    '',
  ]);
}
