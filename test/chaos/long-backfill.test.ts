/**
 * Fault 6 of the reliability table: a backfill of very many intervals, while its workers are killed one after the other. A few of
 * them by default; `npm run chaos -- --intervals 20000` does all, with a kill every half minute.
 */
import { writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { foldLedger } from '../../catalog/ledger.ts';
import { isTileFile } from '../../contracts/lake.ts';
import { literalText } from '../../engine/sql.ts';
import { checkLake } from '../../lake/fsck.ts';
import { readProgress, startRun, waitForRun, type RunHandle } from '../../workers/starter.ts';
import { openChaosPlatform, type ChaosPlatform } from './chaos-platform.ts';
import { ACCOUNTS, FIRST_DAY, SOURCE } from './definitions.ts';
import { createDice } from './dice.ts';
import { openJournal } from './journal.ts';

const ALL = process.env['ASOF_CHAOS_INTERVALS'];
const INTERVALS = Number(ALL ?? '1200');
const KILL_EVERY_MILLIS = ALL === undefined ? 12_000 : 30_000;
/** The kinds take turns, so that few kills reach all of them. */
const VICTIMS = ['compute-1', 'orchestration', 'serving', 'compute-2'];
const HOUR_MILLIS = 3_600_000;
/** In microseconds. */
const HOUR = BigInt(HOUR_MILLIS) * 1000n;
const VIEW = 'totals';

let platform: ChaosPlatform;
beforeAll(async () => {
  platform = await openChaosPlatform();
});
afterAll(() => platform?.close());

/** What each hour has: rows, and the sum of their amounts. Most hours have few rows, many none. */
function writeHours(): readonly { readonly rows: number; readonly amount: number }[] {
  const dice = createDice(6, 0);
  const lines = ['happened,name,amount'];
  let amounts = 0;
  const hours = Array.from({ length: INTERVALS }, (_, hour) => {
    const rows = dice.pick([0, 0, 1, 3]);
    let amount = 0;
    for (let row = 0; row < rows; row++) {
      // the ends of an hour belong to it alone
      const millis = FIRST_DAY + hour * HOUR_MILLIS + dice.pick([0, dice.integer(HOUR_MILLIS), HOUR_MILLIS - 1]);
      amount += ++amounts;
      const name = dice.pick(ACCOUNTS).replaceAll('"', '""');
      lines.push(`${new Date(millis).toISOString()},"${name}",${amounts}`);
    }
    return { rows, amount };
  });
  writeFileSync(`${platform.directory}/inputs/hours.csv`, `${lines.join('\n')}\n`);
  return hours;
}

/** Kills a worker at once and then every so often, one of each kind after the other, until the run has ended. */
async function killWorkers(over: AbortSignal, note: (line: string) => void): Promise<number> {
  const { crew } = platform;
  for (let kills = 0; ; kills++) {
    const name = VICTIMS[kills % VICTIMS.length]!;
    crew.get(name).signal('SIGKILL');
    note(`killed ${name}`);
    await crew.revive(name);
    await sleep(KILL_EVERY_MILLIS, undefined, { signal: over }).catch(() => undefined);
    if (over.aborted) return kills + 1;
  }
}

interface Sample {
  readonly done: number;
  readonly total: number;
}

async function watchProgress(run: RunHandle, over: AbortSignal, samples: Sample[]): Promise<void> {
  while (!over.aborted) {
    const progress = await readProgress(run);
    if (progress !== undefined && progress.total > 0) samples.push(progress);
    await sleep(250);
  }
}

it(`6: a backfill of ${INTERVALS} intervals goes on through kills as one run: short histories, steady progress, every interval done once`, async () => {
  const { project, applied, client, catalog, engine, lake } = platform;
  const journal = openJournal();
  const note = (line: string): void => journal.note(line);
  const hours = writeHours();
  await waitForRun(await startRun(client, 'ingest', { project, source: SOURCE }));
  const { fingerprint } = applied.manifest.views.find(({ name }) => name === VIEW)!;
  const range = { from: BigInt(FIRST_DAY) * 1000n, to: BigInt(FIRST_DAY + INTERVALS * HOUR_MILLIS) * 1000n };
  const texts = { from: textOf(range.from), to: textOf(range.to) };

  const begun = performance.now();
  const input = { project, view: VIEW, ...texts, chunk: '1h', parallel: 4 };
  const run = await startRun(client, 'backfill', input, { fingerprint });
  const over = new AbortController();
  const samples: Sample[] = [];
  const watching = watchProgress(run, over.signal, samples);
  await expect.poll(() => samples.some(({ done }) => done > 0), { timeout: 60_000 }).toBe(true);
  const killing = killWorkers(over.signal, (line) => note(`${line}; ${samples.at(-1)?.done} of ${INTERVALS} done`));
  const result = await waitForRun(run).finally(() => over.abort());
  const seconds = (performance.now() - begun) / 1000;
  const kills = await killing;
  await watching;
  note(`${INTERVALS} intervals in ${seconds.toFixed(0)} s, with ${kills} kills`);

  // as one run
  expect(result).toMatchObject({ intervals: INTERVALS, done: INTERVALS, reused: 0, failed: [] });
  const records = (await catalog.runs.list(project, 100)).filter(({ workflow }) => workflow === 'backfill');
  expect(records).toMatchObject([{ id: run.id, state: 'completed' }]);

  // histories
  const lengths: number[] = [];
  for await (const { historyLength, historySize } of client.workflow.list({
    query: `WorkflowId = '${run.workflowId}'`,
  })) {
    lengths.push(historyLength);
    expect(historySize ?? 0).toBeLessThan(2 * 2 ** 20);
  }
  note(`histories of ${lengths.join(', ')} events`);
  expect(lengths.length).toBeGreaterThan(INTERVALS >= 8000 ? 2 : 0);
  expect(Math.max(...lengths)).toBeLessThan(2000);

  // progress
  const seen = samples.map(({ done }) => done);
  expect(seen).toEqual(seen.toSorted((a, b) => a - b));
  expect(new Set(samples.map(({ total }) => total))).toEqual(new Set([INTERVALS]));
  expect(new Set(seen).size).toBeGreaterThan(10);
  expect(await readProgress(run)).toMatchObject({ step: 'done', done: INTERVALS, failed: 0 });

  // ledger
  const entries = await catalog.intervals.entries({ project, view: VIEW, fingerprint, store: 'offline' });
  expect(foldLedger(entries).done).toEqual([range]);
  // the ingestion before said of each of its days that it is dirty, done or not
  const done = entries.filter(({ operation }) => operation === 'done');
  const byHour = done.toSorted((a, b) => (a.range.from < b.range.from ? -1 : 1));
  expect(byHour.map(({ range: { from, to }, rowsIn }) => [(from - range.from) / HOUR, to - from, rowsIn])).toEqual(
    hours.map(({ rows }, hour) => [BigInt(hour), HOUR, rows]),
  );
  expect(result.rows).toBe(hours.reduce((sum, { rows }) => sum + rows, 0));

  // rows
  const { files } = await catalog.tables.files({ project, kind: 'view', name: VIEW, version: fingerprint });
  const paths = await Promise.all(files.filter((file) => !isTileFile(file)).map((file) => lake.checkedPath(file)));
  const held = await engine.session((session) =>
    session.rows(`SELECT (epoch_us(__event) - ${range.from}) // ${HOUR} AS hour, count(*) AS rows, sum(amount)::BIGINT AS amount
      FROM read_parquet([${paths.map(literalText).join(', ')}]) GROUP BY hour ORDER BY hour`),
  );
  expect(held.map(({ hour, rows, amount }) => [Number(hour), Number(rows), Number(amount)])).toEqual(
    hours.flatMap(({ rows, amount }, hour) => (rows > 0 ? [[hour, rows, amount]] : [])),
  );
  expect((await checkLake({ ...platform, deep: true })).problems).toEqual([]);
});

function textOf(micros: bigint): string {
  return new Date(Number(micros / 1000n)).toISOString();
}
