/** Fault 7 of the reliability table: errors and rows of three megabytes, on a whole platform. */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startRun, waitForRun } from '../../../workers/starter.ts';
import { DEFINITIONS, openPlatform, type Platform } from './platform.ts';

const THREE_MEGABYTES = 3 * 2 ** 20;
/** Temporal refuses payloads from 2 MB, and warns of those from 512 KB. */
const SMALL = 20_000;

let platform: Platform;
beforeAll(async () => {
  platform = await openPlatform();
  mkdirSync(path.join(platform.directory, 'notes'));
  await platform.applyDefinitions(`${DEFINITIONS}
export const notes = fileSource('notes', {
  path: 'notes/*.jsonl', timestamp: 'date', schema: { date: 'timestamp', origin: 'string', delay: 'int64' },
  expectations: [expectation('expect_column_values_to_not_be_null', { column: 'origin' }, { onFailure: 'quarantine' })],
});
export const broken = derivedView('broken', {
  inputs: [latest], features: { boom: numeric() },
  compute: () => { throw new Error('boom '.repeat(${THREE_MEGABYTES / 5})); },
});`);
});
afterAll(() => platform?.close());

async function failureOf(
  run: Promise<unknown>,
): Promise<{ readonly code: string; readonly message: string; readonly details: unknown }> {
  return run.then(
    () => expect.fail('it did not fail'),
    (error: { readonly code: string; readonly message: string; readonly details: unknown }) => error,
  );
}

/** Writes a file of rows, and ingests it. */
async function ingestNotes(name: string, rows: readonly object[]) {
  const { client, project, directory } = platform;
  const file = path.join(directory, 'notes', name);
  writeFileSync(file, rows.map((row) => `${JSON.stringify(row)}\n`).join(''));
  try {
    return await waitForRun(await startRun(client, 'ingest', { project, source: 'notes' }));
  } finally {
    rmSync(file);
  }
}

it('7: rows of three megabytes are committed and set aside like any other', async () => {
  const long = 'x'.repeat(THREE_MEGABYTES);
  const ingested = await ingestNotes('long.jsonl', [
    { date: '2001-01-01T00:00:00Z', origin: long, delay: 1 },
    { date: '2001-01-01T01:00:00Z', origin: null, delay: 2, note: long },
  ]);
  expect(ingested).toMatchObject({ rowsIn: 2, committed: 1, quarantined: 1 });
});

it('7: a value of three megabytes that is no integer fails by name, and its error is cut', async () => {
  const row = { date: '2001-01-02T00:00:00Z', origin: 'JFK', delay: '9x'.repeat(THREE_MEGABYTES / 2) };
  const failure = await failureOf(ingestNotes('bad.jsonl', [row]));
  expect(failure).toMatchObject({ code: 'INPUT_VALUE_INVALID' });
  expect(JSON.stringify([failure.message, failure.details]).length).toBeLessThan(SMALL);
});

it('7: a line of CSV that is too long for its reader fails by name, and its error is cut', async () => {
  const { client, project } = platform;
  platform.writeInput('long.csv', [`2001-01-02T00:00:00Z,${'x'.repeat(THREE_MEGABYTES)},1`]);
  const failure = await failureOf(
    startRun(client, 'ingest', { project, source: 'flights' }).then((run) => waitForRun(run)),
  );
  expect(failure).toMatchObject({ code: 'INPUT_UNREADABLE' });
  expect(JSON.stringify([failure.message, failure.details]).length).toBeLessThan(SMALL);
});

it('7: a function that throws three megabytes fails the run by name, and its error is cut', async () => {
  const { client, project, directory } = platform;
  const spine = path.join(directory, 'spine.csv');
  writeFileSync(spine, 'event_timestamp,origin\n2001-01-05,JFK\n');
  const input = { project, name: 'broken', spine, features: ['broken'] };
  const failure = await failureOf(startRun(client, 'buildTrainingDataset', input).then((run) => waitForRun(run)));
  expect(failure).toMatchObject({ code: 'INVALID_VALUE' });
  expect(JSON.stringify([failure.message, failure.details]).length).toBeLessThan(SMALL);
});
