/** Rows that come later than their source allows: stored, answered from, and in the view tables once these are restated. */
import { execFile } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { foldLedger } from '../../../catalog/ledger.ts';
import { foreseeBackfill } from '../../../cli/backfill-outlook.ts';
import { formatInstant, requireInstant } from '../../../contracts/time.ts';
import { runtimeFromBundle } from '../../../definitions/loading.ts';
import { resolveFeatures } from '../../../definitions/resolution.ts';
import { openEngine } from '../../../engine/duckdb.ts';
import type { Engine } from '../../../engine/engine.ts';
import type { Lake } from '../../../lake/lake.ts';
import { openLake } from '../../../lake/open.ts';
import { retrieveHistorical } from '../../../offline/retrieval.ts';
import { startRun, waitForRun } from '../../../workers/starter.ts';
import { DEFINITIONS, openPlatform, type Platform } from './platform.ts';

let platform: Platform;
let engine: Engine;
let lake: Lake;
beforeAll(async () => {
  platform = await openPlatform();
  await platform.applyDefinitions(
    DEFINITIONS.replace("timestamp: 'date',", "timestamp: 'date', allowedLateness: '1d',"),
  );
  platform.writeConfig();
  lake = await openLake(platform.settings);
  engine = await openEngine({
    ...{ memoryLimit: '500MB', threads: 2, tempDirectory: path.join(platform.directory, 'spill') },
    allowedDirectories: [...lake.directories, platform.directory],
  });
});
afterAll(async () => {
  await engine?.close();
  await platform?.close();
});

interface Flight {
  readonly at: string;
  readonly delay: number;
}

/** Everything that was ever written, in order. All flights leave from JFK, no two at one time. */
const flights: Flight[] = [];

async function ingest(name: string, ...rows: readonly Flight[]) {
  flights.push(...rows);
  const { client, project } = platform;
  platform.writeInput(
    name,
    rows.map(({ at, delay }) => `${at},JFK,${delay}`),
  );
  return waitForRun(await startRun(client, 'ingest', { project, source: 'flights' }));
}

const RANGE = { from: '2001-01-01', to: '2001-01-12' };

async function backfill(range: { readonly from: string; readonly to: string } = RANGE, restate = false) {
  const { client, project } = platform;
  const { done, reused, late, failed } = await waitForRun(
    await startRun(client, 'backfill', { project, view: 'delays', ...range, ...(restate && { restate }) }),
  );
  return { done, reused, late, failed: failed.length };
}

async function ledger() {
  const { catalog, project, manifest } = platform;
  const { fingerprint } = manifest.views.find(({ name }) => name === 'delays')!;
  return foldLedger(await catalog.intervals.entries({ project, view: 'delays', fingerprint, store: 'offline' }));
}

const QUESTIONS = Array.from({ length: 88 }, (_, index) =>
  formatInstant(requireInstant('2001-01-01T02:00', 'test') + BigInt(index) * 10_800_000_000n),
);

/** Counts of the day before, the newest delay, and a view of both: by looking at every flight for every question. */
function expected(): readonly string[] {
  const micros = (text: string): bigint => requireInstant(text, 'test');
  const resolution = 900_000_000n; // the largest of the grid that is at most a day / 48
  return QUESTIONS.map((text) => {
    const q = micros(text);
    const from = ((q - 86_400_000_000n) / resolution) * resolution;
    const counted = flights.filter(({ at }) => micros(at) >= from && micros(at) < q).length;
    const [newest] = flights
      .filter(({ at }) => micros(at) <= q)
      .toSorted((a, b) => (micros(a.at) > micros(b.at) ? -1 : 1));
    return [counted, newest?.delay ?? '', newest === undefined ? '' : counted + newest.delay].join();
  });
}

async function answered(): Promise<readonly string[]> {
  const { catalog, project, directory } = platform;
  const applied = (await catalog.definitions.current(project))!;
  const [spine, output] = [path.join(directory, 'questions.csv'), path.join(directory, 'answers.csv')];
  writeFileSync(spine, ['event_timestamp,origin', ...QUESTIONS.map((at) => `${at},JFK`)].join('\n'));
  await retrieveHistorical(
    { engine, lake, tables: catalog.tables, intervals: catalog.intervals, workDirectory: path.join(directory, 'work') },
    {
      ...{ project, output, asKnown: false, shortNames: false },
      plan: resolveFeatures(applied.manifest, { features: ['delays', 'latest', 'lateness'] }),
      runtime: runtimeFromBundle(await catalog.definitions.bundle(applied.bundleHash)),
      spine: { kind: 'spine', path: spine },
    },
  );
  const [, ...lines] = readFileSync(output, 'utf8').trimEnd().split('\n');
  return lines.map((line) => line.split(',').slice(2).join().replaceAll('.0', ''));
}

async function asof(...args: readonly string[]): Promise<Record<string, unknown>> {
  const env = { ...process.env, ASOF_CATALOG_URL: platform.settings.catalogUrl! };
  const bin = path.resolve(import.meta.dirname, '../../../bin/asof');
  const { stdout } = await promisify(execFile)(bin, ['-C', platform.directory, '--json', ...args], { env });
  return JSON.parse(stdout) as Record<string, unknown>;
}

it('are read at once, and every read is right while intervals wait', { timeout: 240_000 }, async () => {
  const days = Array.from({ length: 10 }, (_, index) => `2001-01-${String(index + 1).padStart(2, '0')}`);
  const first = days.flatMap((day, index) => [
    { at: `${day}T06:00:00Z`, delay: index },
    { at: `${day}T20:00:00Z`, delay: 50 + index },
  ]);
  expect((await ingest('a.csv', ...first)).warnings).toEqual([]);
  expect(await backfill()).toEqual({ done: 11, reused: 0, late: 0, failed: 0 });
  expect(await answered()).toEqual(expected());

  // the newest flight left on the 10th at 20:00: what left a day before it, or later, is in time
  expect((await ingest('b.csv', { at: '2001-01-09T20:00:00.000001Z', delay: 7 })).warnings).toEqual([]);
  expect(await answered()).toEqual(expected());
  expect(await backfill()).toEqual({ done: 1, reused: 10, late: 0, failed: 0 });
  expect(await answered()).toEqual(expected());

  const { warnings } = await ingest('c.csv', { at: '2001-01-03T07:30:00Z', delay: 8 });
  const range = '--from 2001-01-03T07:00:00.000000Z --to 2001-01-03T08:00:00.000000Z';
  expect(warnings).toEqual([
    'view delays needs a restatement from 2001-01-03T07:00:00.000000Z to 2001-01-03T08:00:00.000000Z, where rows came later' +
      ` than the 1d that source flights allows: asof backfill delays --restate ${range}`,
  ]);
  expect(await answered()).toEqual(expected());
});

it('wait for a restatement, which the next backfill and status name', { timeout: 240_000 }, async () => {
  const { catalog, client, project } = platform;
  const { manifest } = (await catalog.definitions.current(project))!;
  const input = { project, view: 'delays', ...RANGE };
  const { states, work, restatements } = await foreseeBackfill(catalog, manifest, input, undefined);
  expect(states.map(({ state, intervals }) => [state, intervals])).toEqual([
    ['done', 2],
    ['late', 1],
    ['done', 8],
  ]);
  expect([work, restatements.length]).toEqual([0, 1]);
  expect(await backfill()).toEqual({ done: 0, reused: 10, late: 1, failed: 0 });
  expect(await answered()).toEqual(expected());

  const [needed] = (await asof('status'))['restatements'] as {
    view: string;
    from: string;
    to: string;
    command: string;
  }[];
  const [from, to] = ['2001-01-03T07:00:00.000000Z', '2001-01-03T08:00:00.000000Z'];
  const command = `asof backfill delays --restate --from ${from} --to ${to}`;
  expect(needed).toEqual({ view: 'delays', from, to, command });

  // online nothing waits: a materialization takes every row that came
  const materialized = { project, views: ['delays'], to: '2001-01-04T00:00:00Z' };
  const run = await waitForRun(await startRun(client, 'materialize', materialized));
  expect(run.views).toMatchObject([{ written: 1 }]);

  const restatement = { project, view: 'delays', from, to, restate: true, cascade: true };
  const foreseen = await foreseeBackfill(catalog, manifest, restatement, undefined);
  expect(foreseen.plan.cascade).toEqual({ online: true, derived: ['lateness'] });
  expect(await waitForRun(await startRun(client, 'backfill', restatement))).toMatchObject({
    ...{ intervals: 1, done: 1, reused: 0, late: 0, failed: [] },
    cascade: { online: [{ view: 'delays', snapshot: 3 }], derived: ['lateness'] },
  });
  expect(await ledger()).toMatchObject({ dirty: [], late: [] });
  expect((await asof('status'))['restatements']).toEqual([]);
  expect(await answered()).toEqual(expected());
});

it('are taken along where their interval has rows in time too, or is done anyway', { timeout: 240_000 }, async () => {
  // the bound lies on the 9th at 20:00, within a day: that day is redone as a whole
  const late = { at: '2001-01-09T03:00:00Z', delay: 9 };
  expect((await ingest('d.csv', late, { at: '2001-01-09T21:00:00Z', delay: 10 })).warnings).toHaveLength(1);
  expect(await answered()).toEqual(expected());
  expect(await backfill()).toEqual({ done: 1, reused: 10, late: 0, failed: 0 });
  // a time that was never backfilled is not late: a backfill has it to do
  expect((await ingest('e.csv', { at: '2000-12-30T12:00:00Z', delay: 11 })).warnings).toEqual([]);
  expect(await backfill({ from: '2000-12-30', to: '2001-01-12' })).toEqual({ done: 2, reused: 11, late: 0, failed: 0 });
  expect(await answered()).toEqual(expected());
});
