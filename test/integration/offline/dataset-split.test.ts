/** Partitions of datasets: which row is where, for ever. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { DatasetManifest } from '../../../catalog/catalog.ts';
import type { SplitRule } from '../../../contracts/datasets.ts';
import { entity, featureView, fileSource, numeric } from '../../../definitions/language.ts';
import { resolveFeatures } from '../../../definitions/resolution.ts';
import { exportDataset } from '../../../offline/dataset-export.ts';
import { findPart } from '../../../offline/dataset-part.ts';
import { checkSplit, writeSplit } from '../../../offline/dataset-split.ts';
import {
  assemblePlannedRange,
  computePlannedUnit,
  planRetrieval,
  summarizeRetrieval,
  type RetrievalPlan,
} from '../../../offline/staged-retrieval.ts';
import { ingest, openFixture, writeText, type OfflineFixture } from './offline-fixture.ts';

const user = entity('user', { keys: { user: 'int64', region: 'string' } });
const buys = fileSource('buys', {
  path: 'buys.parquet',
  timestamp: 'ts',
  schema: { ts: 'timestamp', user: 'int64', region: 'string', price: 'float64' },
});
const last = featureView('last', { entities: [user], source: buys, features: { price: numeric() } });

const ROWS = 2000;
const REGIONS = ['eu', 'a|b', 'ü', ''];
let fixture: OfflineFixture;
let retrieval: RetrievalPlan;
let dataset: DatasetManifest;
/** The spine's rows as its file has them; every fifth key has no region. */
const spineRows = Array.from({ length: ROWS }, (_, index) => {
  const region = index % 5 === 4 ? null : REGIONS[index % REGIONS.length]!;
  const minutes = (index * 37) % 1440;
  const at = `2024-01-01T${String(Math.floor(minutes / 60)).padStart(2, '0')}:${String(minutes % 60).padStart(2, '0')}:00Z`;
  return { user: index % 301, region, at, label: `l${index % 17}` };
});

beforeAll(async () => {
  fixture = await openFixture({ user, buys, last });
  await ingest(fixture, 'buys', [`'2024-01-01 00:00:00', 1, 'eu', 2.5`], 1);
  const lines = spineRows.map(
    // 007 is the key 7, and stays 007 in the dataset
    (row, index) =>
      `${index % 2 ? `00${row.user}` : row.user},${row.region === null ? '' : `"${row.region}"`},${row.at},${row.label}`,
  );
  const spine = writeText(fixture, 'spine.csv', ['user,region,event_timestamp,label', ...lines].join('\n'));
  const { engine, lake, catalog, directory, project, manifest, runtime } = fixture;
  const dependencies = { engine, lake, tables: catalog.tables, workDirectory: join(directory, 'work'), runtime };
  retrieval = await planRetrieval(dependencies, {
    ...{ project, plan: resolveFeatures(manifest, { features: ['last'] }), asKnown: false, shortNames: false },
    ...{ spine: { kind: 'spine', path: spine }, directory: 'datasets/s/1' },
  });
  await computePlannedUnit(dependencies, retrieval, 0);
  await assemblePlannedRange(dependencies, retrieval, 0);
  const summary = await summarizeRetrieval(dependencies, retrieval);
  dataset = await catalog.datasets.publish({
    idempotencyKey: 's',
    lineage: [],
    manifest: {
      ...{ project, name: 's', runId: '1', definitions: 'd', bundleHash: 'b', views: {}, snapshots: {} },
      request: { features: ['last'], service: null, asKnown: false, shortNames: false },
      ...{ spine: retrieval.spine, shards: 1 },
      ...summary,
    },
  });
});
afterAll(() => fixture.close());

async function split(rule: SplitRule, names: readonly string[]) {
  const { engine, lake, catalog } = fixture;
  const written = await writeSplit({ engine, lake }, { dataset, retrieval, rule, names });
  return catalog.datasets.addSplit(dataset, written);
}

/** The lines of each part, by its name. */
async function exported(names: readonly string[]): Promise<Readonly<Record<string, readonly string[]>>> {
  const { engine, lake, catalog, directory } = fixture;
  const splits = await catalog.datasets.splits(dataset);
  const parts = names.map(async (name) => {
    const output = join(directory, `${name}.csv`);
    const part = findPart(splits, dataset, name);
    const rows = await exportDataset({ engine, lake, workDirectory: directory }, dataset, output, part);
    const lines = readFileSync(output, 'utf8').trimEnd().split('\n').slice(1);
    expect(lines).toHaveLength(rows);
    return [name, lines] as const;
  });
  return Object.fromEntries(await Promise.all(parts));
}

/** The specification of the hash, once more. */
function oracleShare(seed: number, keys: readonly (string | null)[]): number {
  const members = keys.map((key) => (key === null ? '|n' : `|${Buffer.byteLength(key)}:${key}`));
  const digest = createHash('sha256')
    .update(`${seed}${members.join('')}`)
    .digest('hex');
  return Number.parseInt(digest.slice(0, 13), 16) / 2 ** 52;
}

async function wholeExport(): Promise<readonly string[]> {
  const { engine, lake, directory } = fixture;
  const output = join(directory, 'whole.csv');
  await exportDataset({ engine, lake, workDirectory: directory }, dataset, output);
  return readFileSync(output, 'utf8').trimEnd().split('\n').slice(1);
}

test('by time: each row is in the part of its instant, in the order of the spine', async () => {
  const at = ['2024-01-01T08:00:00.000000Z', '2024-01-01T16:30:00.000000Z'];
  const kept = await split({ by: 'time', at }, ['train', 'validation', 'test']);
  const parts = await exported(['train', 'validation', 'test']);
  const whole = await wholeExport();
  const expected = (from: string, to: string) =>
    whole.filter((_, row) => spineRows[row]!.at >= from && spineRows[row]!.at < to);
  expect(parts['train']).toEqual(expected('2024', '2024-01-01T08:00:00Z'));
  expect(parts['validation']).toEqual(expected('2024-01-01T08:00:00Z', '2024-01-01T16:30:00Z'));
  expect(parts['test']).toEqual(expected('2024-01-01T16:30:00Z', '2025'));
  expect(kept.parts.map(({ rows }) => rows)).toEqual(Object.values(parts).map((lines) => lines.length));
});

describe('by key', () => {
  test.each([0, 1, 2 ** 40])('every row is where the specified hash puts its key, seed %i', async (seed) => {
    const names = ['a', 'b', 'c'].map((name) => `${name}-${seed}`);
    await split({ by: 'key', keys: ['user', 'region'], fractions: [0.6, 0.3, 0.1], seed }, names);
    const parts = await exported(names);
    const whole = await wholeExport();
    const expected: Record<string, string[]> = Object.fromEntries(names.map((name) => [name, []]));
    spineRows.forEach(({ user: id, region }, row) => {
      const share = oracleShare(seed, [String(id), region]);
      expected[names[share < 0.6 ? 0 : share < 0.9 ? 1 : 2]!]!.push(whole[row]!);
    });
    expect(parts).toEqual(expected);
    // the shares are of keys, and rows follow roughly
    expect(expected[names[0]!]!.length / ROWS).toBeGreaterThan(0.5);
  });

  test('a key stands on one side whatever its text, and another seed moves it', async () => {
    const rule = (seed: number) => ({ by: 'key', keys: ['user'], fractions: [0.5, 0.5], seed }) as const;
    await split(rule(3), ['left', 'right']);
    await split(rule(4), ['left4', 'right4']);
    const { left, right, left4 } = await exported(['left', 'right', 'left4']);
    const keys = (lines: readonly string[]) => new Set(lines.map((line) => Number(line.split(',')[0])));
    const [leftKeys, rightKeys] = [keys(left!), keys(right!)];
    expect([...leftKeys].filter((key) => rightKeys.has(key))).toEqual([]);
    expect(leftKeys.size + rightKeys.size).toBe(301);
    expect(keys(left4!)).not.toEqual(leftKeys);
  });

  test('any column of the dataset may decide', async () => {
    await split({ by: 'key', keys: ['label'], fractions: [0.7, 0.3], seed: 0 }, ['l1', 'l2']);
    const { l1, l2 } = await exported(['l1', 'l2']);
    const labels = (lines: readonly string[]) => [...new Set(lines.map((line) => line.split(',')[3]!))];
    const expected = (first: boolean) =>
      [...new Set(spineRows.map(({ label }) => label))].filter((label) => oracleShare(0, [label]) < 0.7 === first);
    expect(labels(l1!).sort()).toEqual(expected(true).sort());
    expect(labels(l2!).sort()).toEqual(expected(false).sort());
    const none = split({ by: 'key', keys: ['nothing'], fractions: [0.7, 0.3], seed: 0 }, ['n1', 'n2']);
    await expect(none).rejects.toThrow('there is no column "nothing"; it has: user, region, event_timestamp, label');
  });
});

test('a partition never changes: the same rule gives the kept one, another rule needs other names', async () => {
  const rule = { by: 'key', keys: ['user'], fractions: [0.5, 0.5], seed: 9 } as const;
  const kept = await split(rule, ['one', 'two']);
  const [again, raced] = await Promise.all([split(rule, ['one', 'two']), split(rule, ['one', 'two'])]);
  expect(again).toEqual(kept);
  expect(raced).toEqual(kept);
  const other = split({ ...rule, seed: 10 }, ['one', 'three']);
  await expect(other).rejects.toMatchObject({
    code: 'CONFLICT',
    message: expect.stringContaining('--names') as unknown,
  });
});

test('a part that is not there is named with those that are', async () => {
  const splits = await fixture.catalog.datasets.splits(dataset);
  expect(() => findPart(splits, dataset, 'tset')).toThrow(/no part named tset; known: train, validation, test/);
  expect(() => findPart([], dataset, 'train')).toThrow('known: none; make one with `asof dataset split`');
});

test.each<[string, SplitRule, readonly string[], string]>([
  ['one part', { by: 'time', at: [] }, ['a'], 'there are 1 parts'],
  ['too few names', { by: 'time', at: ['2024-01-01'] }, ['a'], 'there are 1 names for 2 parts'],
  ['a name twice', { by: 'time', at: ['2024-01-01'] }, ['a', 'a'], '"a" is no name for a part, or names two'],
  ['a name that is a path', { by: 'time', at: ['2024-01-01'] }, ['a', '../b'], '"../b" is no name'],
  ['instants that do not ascend', { by: 'time', at: ['2024-01-02', '2024-01-01'] }, ['a', 'b', 'c'], 'must ascend'],
  ['no instant', { by: 'time', at: ['soon'] }, ['a', 'b'], '"soon" is not an ISO 8601 time'],
  ['fractions above 1', { by: 'key', keys: ['k'], fractions: [0.8, 0.3], seed: 0 }, ['a', 'b'], 'add up to 1.1'],
  ['a fraction of 0', { by: 'key', keys: ['k'], fractions: [1, 0], seed: 0 }, ['a', 'b'], 'above 0 and below 1'],
  ['a fraction of NaN', { by: 'key', keys: ['k'], fractions: [Number.NaN, 1], seed: 0 }, ['a', 'b'], 'above 0'],
])('%s is refused', (_, rule, names, problem) => {
  expect(() => checkSplit(rule, names)).toThrow(problem);
});
