import { rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { Client as Database } from 'pg';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { foldLedger } from '../../../catalog/ledger.ts';
import { foreseeBackfill } from '../../../cli/backfill-outlook.ts';
import { requireInstant } from '../../../contracts/time.ts';
import { startRun, waitForRun } from '../../../workers/starter.ts';
import { openPlatform, type Platform } from './platform.ts';

let platform: Platform;
beforeAll(async () => {
  platform = await openPlatform();
});
afterAll(() => platform.close());

/** Four flights a day from two airports, for the days of January 2001 from `first` to `last`. */
function flights(first: number, last: number): string[] {
  return Array.from({ length: last - first + 1 }, (_, index) => `2001-01-${String(first + index).padStart(2, '0')}`)
    .flatMap((day) => ['06:00', '12:00', '18:00', '23:59'].map((time) => `${day}T${time}:00Z`))
    .map((at, index) => `${at},${index % 2 ? 'ORD' : 'JFK'},${index}`);
}

function fingerprintOf(name: string): string {
  return platform.manifest.views.find((view) => view.name === name)!.fingerprint;
}

async function ingest() {
  const { client, project } = platform;
  return waitForRun(await startRun(client, 'ingest', { project, source: 'flights' }));
}

async function backfill(from: string, to: string, restate = false) {
  const { client, project } = platform;
  const input = { project, view: 'delays', from, to, ...(restate && { restate }) };
  return waitForRun(await startRun(client, 'backfill', input, { fingerprint: fingerprintOf('delays') }));
}

it('brings files through the lake to view tables and Redis, again and again, each row once', async () => {
  const { client, project, catalog } = platform;
  platform.writeInput('a.csv', [...flights(1, 10), '2001-01-10T23:59:59Z,,5']);
  expect(await ingest()).toMatchObject({ snapshot: 1, inputs: 1, rowsIn: 41, committed: 40, quarantined: 1 });
  expect(await ingest()).toMatchObject({ snapshot: 1, inputs: 0, unchangedInputs: 1, committed: 0 });

  expect(await backfill('2001-01-01', '2001-01-11')).toMatchObject({ intervals: 10, done: 10, reused: 0, rows: 40 });
  expect(await backfill('2001-01-01', '2001-01-13')).toMatchObject({ intervals: 12, done: 2, reused: 10, rows: 0 });

  platform.writeInput('b.csv', flights(10, 11));
  expect(await ingest()).toMatchObject({ snapshot: 2, inputs: 1, unchangedInputs: 1, committed: 8 });
  // the new rows made two days dirty: just these are done again
  expect(await backfill('2001-01-01', '2001-01-13')).toMatchObject({ done: 2, reused: 10, rows: 12, failed: [] });
  expect(await backfill('2001-01-01', '2001-01-13', true)).toMatchObject({ done: 12, reused: 0, rows: 48 });
  const table = { project, kind: 'view', name: 'delays', version: fingerprintOf('delays') } as const;
  const { files } = await catalog.tables.files(table);
  expect(files.reduce((rows, file) => rows + file.rows, 0)).toBe(48);

  const request = { project, views: ['delays', 'latest'], to: '2001-01-12T00:00:00Z' };
  const first = await waitForRun(await startRun(client, 'materialize', request));
  expect(first.views).toMatchObject([
    { view: 'delays', snapshot: 2, to: '2001-01-12T00:00:00.000000Z', written: 2 },
    { view: 'latest', snapshot: 2, written: 2 },
  ]);
  const again = await waitForRun(await startRun(client, 'materialize', request));
  expect(again.views.map(({ written }) => written)).toEqual([0, 0]);
});

it('restates a range: out of the ledger, and done again', async () => {
  const { project, catalog } = platform;
  const key = { project, view: 'delays', fingerprint: fingerprintOf('delays'), store: 'offline' } as const;
  const before = await catalog.intervals.entries(key);
  expect(await backfill('2001-01-02', '2001-01-05', true)).toMatchObject({ done: 3, reused: 0, rows: 12 });
  const [removed, ...written] = (await catalog.intervals.entries(key)).slice(before.length);
  const instant = (text: string): bigint => requireInstant(text, 'test');
  expect(removed).toMatchObject({
    operation: 'removed',
    range: { from: instant('2001-01-02'), to: instant('2001-01-05') },
  });
  expect(written.map(({ operation }) => operation)).toEqual(['done', 'done', 'done']);
  const { done } = foldLedger([...before, removed!, ...written]);
  expect(done).toEqual([{ from: instant('2001-01-01'), to: instant('2001-01-13') }]);
});

it('foresees what a backfill would do, and changes nothing', async () => {
  const { project, catalog, manifest } = platform;
  const input = { project, view: 'delays', from: '2001-01-11', to: '2001-01-15' };
  const { states, work } = await foreseeBackfill(catalog, manifest, input, undefined);
  expect(states.map(({ state, intervals }) => [state, intervals])).toEqual([
    ['done', 2],
    ['missing', 2],
  ]);
  expect(work).toBe(2);
  expect((await foreseeBackfill(catalog, manifest, { ...input, restate: true }, undefined)).work).toBe(4);
  expect(await backfill('2001-01-11', '2001-01-13')).toMatchObject({ done: 0, reused: 2 });
});

it('builds numbered versions of a training dataset, equal for any number of shards', async () => {
  const { client, project, catalog, directory } = platform;
  const spine = path.join(directory, 'spine.csv');
  const questions = flights(2, 9).map((line, index) => `${line.split(',').slice(0, 2).join(',')},${index}`);
  writeFileSync(spine, ['event_timestamp,origin,label', ...questions, '2001-01-05,XXX,-1'].join('\n'));
  const features = ['delays', 'latest:delay', 'lateness'];
  const build = async (shards: number) => {
    const input = { project, name: 'delays', spine, features, shards };
    return waitForRun(await startRun(client, 'buildTrainingDataset', input));
  };
  const first = await build(1);
  expect(first).toMatchObject({ name: 'delays', version: 1, rows: 33, columns: 6 });
  expect(first.leakage).toEqual({
    delays__flights_1d: 'unknown',
    latest__delay: 'unknown',
    lateness__late_flights: 'unknown',
  });
  const second = await build(5);
  expect(second.version).toBe(2);
  expect(second.files.map(({ checksum }) => checksum)).toEqual(first.files.map(({ checksum }) => checksum));
  const manifest = await catalog.datasets.get(project, 'delays', 2);
  expect(manifest).toMatchObject({ snapshots: { flights: 2 }, shards: 5, rows: 33, request: { features } });
  expect(manifest?.views).toMatchObject({ delays: fingerprintOf('delays'), lateness: fingerprintOf('lateness') });
});

it('names the row and the column of a spine that does not parse, and publishes no version of it', async () => {
  const { client, project, catalog, directory } = platform;
  const spine = path.join(directory, 'broken-spine.csv');
  writeFileSync(spine, 'event_timestamp,origin\n2001-01-05,JFK\nsoon,JFK\n');
  const input = { project, name: 'broken', spine, features: ['delays'] };
  const build = startRun(client, 'buildTrainingDataset', input).then((run) => waitForRun(run));
  await expect(build).rejects.toMatchObject({ code: 'INPUT_VALUE_INVALID', details: { column: 'event_timestamp' } });
  expect(await catalog.datasets.get(project, 'broken')).toBeUndefined();
});

it('records every run with its end, and names the failure of one that the quality gate stopped', async () => {
  const { catalog, project } = platform;
  platform.writeInput('broken.csv', ['2001-02-01T00:00:00Z,ORD,5000']);
  await expect(ingest()).rejects.toMatchObject({ code: 'QUALITY_GATE', exitCode: 3 });
  rmSync(path.join(platform.directory, 'inputs', 'broken.csv'));
  const [newest] = await catalog.runs.list(project, 1);
  expect(newest).toMatchObject({
    workflow: 'ingest',
    target: 'flights',
    state: 'failed',
    error: { code: 'QUALITY_GATE' },
  });
  expect(newest?.endedAt).toBeGreaterThanOrEqual(newest?.startedAt ?? 0n);
  expect(await catalog.tables.head({ project, kind: 'source', name: 'flights', version: '' })).toBeLessThanOrEqual(2);
});

it('writes one terminal lineage event for each run, of the kind of its end', async () => {
  const { catalog, project, settings } = platform;
  const database = new Database({ connectionString: settings.catalogUrl ?? '' });
  await database.connect();
  const { rows } = await database.query<{ id: string; type: string }>(
    `select run_id as id, type from asof.lineage_outbox where type <> 'START' order by run_id`,
  );
  await database.end();
  const types = { completed: 'COMPLETE', failed: 'FAIL', cancelled: 'ABORT', running: 'none' };
  const runs = await catalog.runs.list(project, 100);
  const expected = runs.map(({ id, state }) => ({ id, type: types[state] }));
  expect(rows).toEqual(expected.sort((a, b) => (a.id < b.id ? -1 : 1)));
});

it('says which names are known when one is not', async () => {
  const { client, project } = platform;
  const source = startRun(client, 'ingest', { project, source: 'flight' }).then((run) => waitForRun(run));
  await expect(source).rejects.toMatchObject({ code: 'UNKNOWN_NAME', details: { known: ['flights'] } });
  const views = startRun(client, 'materialize', { project, views: ['delay'] }).then((run) => waitForRun(run));
  await expect(views).rejects.toMatchObject({ code: 'UNKNOWN_NAME', details: { known: ['delays', 'latest'] } });
  const stranger = startRun(client, 'ingest', { project: 'nobody', source: 'x' }).then((run) => waitForRun(run));
  await expect(stranger).rejects.toMatchObject({ code: 'NOTHING_APPLIED' });
});
