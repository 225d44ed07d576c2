/** Two versions of training data beside each other: what they were made from, their shape, and their values. */
import type { DatasetManifest } from '../catalog/catalog.ts';
import type { ColumnStatistics } from '../contracts/datasets.ts';
import type { Engine } from '../engine/engine.ts';
import type { Lake } from '../lake/lake.ts';
import { compareRows, type PairedSide, type Pairing, type RowComparison } from './dataset-comparison.ts';
import { openDatasetRows } from './dataset-rows.ts';

export interface DatasetDifference {
  /** What the versions were made from, where it differs. */
  readonly origin: readonly Difference[];
  /** Columns that only one has, or whose type differs. */
  readonly schema: readonly Difference[];
  readonly rows: { readonly before: number; readonly after: number };
  readonly values: RowComparison;
  readonly statistics: readonly Difference[];
  readonly leakage: readonly Difference[];
}

/** Null where one side has nothing of the kind. */
export interface Difference {
  readonly what: string;
  readonly before: string | null;
  readonly after: string | null;
}

export interface DiffSide {
  readonly dataset: DatasetManifest;
  /** The spine's columns with the keys; empty when they are not known. */
  readonly keys: readonly string[];
}

/**
 * Compares two versions. Rows are paired by place when both were made from the same spine, else by key and time, unless
 * `pairing` says how.
 */
export async function diffDatasets(
  { engine, lake, signal }: { readonly engine: Engine; readonly lake: Lake; readonly signal?: AbortSignal },
  before: DiffSide,
  after: DiffSide,
  pairing?: Pairing,
): Promise<DatasetDifference> {
  const [a, b] = [before.dataset, after.dataset];
  const values = await engine.session(async (session) => {
    const side = async ({ dataset, keys }: DiffSide): Promise<PairedSide> => ({
      rows: await openDatasetRows(session, lake, dataset.files),
      count: dataset.rows,
      spine: dataset.spine,
      keys,
    });
    return compareRows(session, lake, await side(before), await side(after), pairing ?? choosePairing(before, after));
  }, signal);
  return {
    origin: differences(originOf(a), originOf(b)),
    schema: differences(schemaOf(a), schemaOf(b)),
    rows: { before: a.rows, after: b.rows },
    values,
    statistics: differences(numbersOf(a.statistics), numbersOf(b.statistics), almostEqual),
    leakage: differences(entriesOf(a.leakage), entriesOf(b.leakage)),
  };
}

/** Whether nothing that a training would notice differs. */
export function haveEqualValues({ schema, rows, values }: DatasetDifference): boolean {
  return schema.length === 0 && rows.before === rows.after && values.columns.length === 0 && values.onlyInFirst === 0;
}

function choosePairing(a: DiffSide, b: DiffSide): Pairing {
  if (a.dataset.spine.checksum === b.dataset.spine.checksum) return 'position';
  const sameKeys = a.keys.length > 0 && a.keys.join('\0') === b.keys.join('\0');
  return sameKeys ? 'key' : 'position';
}

type Facts = ReadonlyMap<string, string>;

function originOf(one: DatasetManifest): Facts {
  const named = (kind: string, entries: Readonly<Record<string, string | number>>): readonly [string, string][] =>
    Object.entries(entries).map(([name, value]) => [`${kind} ${name}`, String(value)]);
  return new Map([
    ['definitions', one.definitions],
    ['bundle', one.bundleHash],
    ['features', one.request.service ?? one.request.features?.join(',') ?? ''],
    ['as known', String(one.request.asKnown)],
    ['spine', one.spine.checksum],
    ['seed', String(one.seed)],
    ...named('fingerprint of', one.views),
    ...named('snapshot of', one.snapshots),
    ...named('fit of', one.fits),
  ]);
}

function schemaOf({ columns }: DatasetManifest): Facts {
  return new Map(columns.map(({ name, type }) => [name, type]));
}

function entriesOf(entries: Readonly<Record<string, unknown>>): Facts {
  return new Map(Object.entries(entries).map(([name, value]) => [name, String(value)]));
}

function numbersOf(statistics: readonly ColumnStatistics[]): Facts {
  const facts = statistics.flatMap(({ name, quantiles, top, type: _, ...numbers }) => [
    ...Object.entries({ ...numbers, ...quantiles }).map(
      ([fact, value]) => [`${name}: ${fact}`, textOf(value)] as const,
    ),
    [
      `${name}: top`,
      top === null ? '' : top.map(({ value, count }) => `${textOf(value)} (${count})`).join(', '),
    ] as const,
  ]);
  return new Map(facts);
}

function textOf(value: string | number | boolean | null): string {
  return value === null ? '' : String(value);
}

/** Sums of floats depend on the order of addition. */
const TOLERANCE = 1e-9;

function almostEqual(a: string, b: string): boolean {
  const [x, y] = [Number(a), Number(b)];
  return a !== '' && b !== '' && Math.abs(x - y) <= TOLERANCE * Math.max(Math.abs(x), Math.abs(y));
}

function differences(
  before: Facts,
  after: Facts,
  equal: (a: string, b: string) => boolean = () => false,
): readonly Difference[] {
  return [...new Set([...before.keys(), ...after.keys()])]
    .map((what) => ({ what, before: before.get(what) ?? null, after: after.get(what) ?? null }))
    .filter(({ before: a, after: b }) => a !== b && !(a !== null && b !== null && equal(a, b)));
}
