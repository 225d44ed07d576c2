/** Training datasets from outside: the same bytes from the same data, the same values from any number of shards. */
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import type {
  BackfillResult,
  BuildTrainingDatasetResult,
  IngestResult,
  MaterializeResult,
} from '../../contracts/runs.ts';
import { createFlightsProject, type Project } from './support/project.ts';
import { runByTemporalCommand } from './support/runs.ts';

const SPINE_ROWS = 3000;

interface ShownDataset {
  readonly version: number;
  readonly rows: number;
  readonly shards: number;
  readonly leakage: Readonly<Record<string, number | 'unknown'>>;
  readonly files: readonly { readonly checksum: string; readonly rows: number }[];
}

let project: Project;
beforeAll(async () => {
  project = createFlightsProject(inject('flightsData'));
  await project.run('dev', '--detach');
  await project.run('apply', '--yes');
});
afterAll(() => project.close());

// first of all: the tests below read what these runs have made
describe('the temporal command line starts', () => {
  const run = <T>(type: string, input: object): Promise<T> =>
    runByTemporalCommand<T>(project.stack(), type, { project: 'flights', ...input });

  it('ingest', async () => {
    expect(await run<IngestResult>('ingest', { source: 'flights' })).toMatchObject({ snapshot: 1, rowsIn: 100_000 });
    await project.run('ingest', 'airports');
  });

  it('backfill', async () => {
    const range = { from: '2001-01-01', to: '2001-01-08', chunk: '1d' };
    expect(await run<BackfillResult>('backfill', { view: 'latest_flight', ...range })).toMatchObject({
      intervals: 7,
      done: 7,
      failed: [],
    });
  });

  it('materialize', async () => {
    const { views } = await run<MaterializeResult>('materialize', {
      views: ['latest_flight'],
      to: '2001-01-08T00:00:00Z',
    });
    expect(views).toHaveLength(1);
    expect(views[0]!.written).toBeGreaterThan(1000);
  });

  it('buildTrainingDataset', async () => {
    const input = {
      name: 'by_hand',
      spine: project.file('data/spine.parquet'),
      features: ['latest_flight'],
      asKnown: true,
    };
    const built = await run<BuildTrainingDatasetResult>('buildTrainingDataset', input);
    expect(built).toMatchObject({ name: 'by_hand', version: 1, rows: SPINE_ROWS });
    expect(await project.run('dataset', 'show', 'by_hand')).toMatchObject({ version: 1, rows: SPINE_ROWS });
  });

  it('nothing with a wrong input', async () => {
    const failure = { cause: { type: 'UNKNOWN_NAME' } };
    await expect(run('ingest', { source: 'nothing' })).rejects.toMatchObject(failure);
  });
});

describe('a dataset', () => {
  const build = (name: string, shards: number): Promise<BuildTrainingDatasetResult> =>
    project.run(
      ...['dataset', 'build', name, '--spine', 'data/spine.parquet', '--service', 'late_departures'],
      ...['--shards', String(shards)],
    );
  const show = (name: string): Promise<ShownDataset> => project.run('dataset', 'show', name);
  const exported = async (name: string): Promise<string> => {
    await project.run('dataset', 'export', name, '--out', `${name}.csv`);
    return readFileSync(project.file(`${name}.csv`), 'utf8');
  };

  it('built twice has the same bytes', async () => {
    await build('twice', 2);
    await build('twice', 2);
    const [first, second] = [await show('twice@1'), await show('twice@2')];
    expect(second.files.map(({ checksum }) => checksum)).toEqual(first.files.map(({ checksum }) => checksum));
    expect(await project.run('dataset', 'diff', 'twice@1', 'twice@2')).toMatchObject({
      ...{ equal: true, origin: [], schema: [], statistics: [] },
      values: { pairing: 'position', paired: SPINE_ROWS, columns: [] },
    });
    expect(second.rows).toBe(SPINE_ROWS);
  });

  it('has the same values from 1, 2 and 7 shards', async () => {
    await build('one', 1);
    await build('seven', 7);
    expect([await show('one'), await show('twice'), await show('seven')].map(({ shards }) => shards)).toEqual([
      1, 2, 7,
    ]);
    const one = await exported('one@1');
    expect(one.split('\n')).toHaveLength(SPINE_ROWS + 2);
    expect(await exported('twice@1')).toBe(one);
    expect(await exported('seven@1')).toBe(one);
  });

  it('equals the join in one process, and knows what leaks', async () => {
    const spine = ['--spine', 'data/spine.parquet', '--service'];
    const joined = await project.run<ShownDataset>('historical', ...spine, 'late_departures', '--out', 'joined.csv');
    expect(readFileSync(project.file('joined.csv'), 'utf8')).toBe(await exported('one@1'));
    expect((await show('one')).leakage).toEqual(joined.leakage);
    expect(joined.leakage).toMatchObject({ airport_delays__delay_mean_1h: 0, latest_flight__delay: 0 });

    const leaking = await project.run<ShownDataset>(
      'historical',
      ...spine,
      'late_departures_leaking',
      '--out',
      'leak.csv',
    );
    expect(leaking.leakage['leaking_airport_delays__delay_mean_1h']).toBeGreaterThan(SPINE_ROWS / 2);
  });

  it('built once more, verified, and split has the same rows', async () => {
    const rebuilt = await project.run<BuildTrainingDatasetResult>('dataset', 'rebuild', 'one@1');
    expect(rebuilt).toMatchObject({ name: 'one', version: 2 });
    expect(await show('one@2')).toMatchObject({ rebuiltFrom: 'one@1', files: [{ rows: SPINE_ROWS }] });
    expect(await exported('one@2')).toBe(await exported('one@1'));
    expect(await project.run('dataset', 'verify', 'one@2')).toMatchObject({ equal: true, rows: SPINE_ROWS });

    const fractions = ['--by', 'key', '--fractions', '0.8,0.2', '--seed', '3'];
    const split = await project.run<{ parts: { name: string; rows: number }[] }>(
      'dataset',
      'split',
      'one@2',
      ...fractions,
    );
    expect(split.parts.map(({ name }) => name)).toEqual(['train', 'test']);
    const lines: string[] = [];
    for (const { name, rows } of split.parts) {
      const out = `${name}.csv`;
      expect(await project.run('dataset', 'export', 'one@2', '--split', name, '--out', out)).toMatchObject({ rows });
      const [, ...values] = readFileSync(project.file(out), 'utf8').trimEnd().split('\n');
      lines.push(...values);
    }
    const [, ...whole] = (await exported('one@2')).trimEnd().split('\n');
    expect(lines.sort()).toEqual(whole.sort());
    expect(await project.run('dataset', 'split', 'one@2', ...fractions)).toEqual(split);
  });

  it('asked for by a query over a source, in one process and as a run', async () => {
    const query = `select origin, destination, date as event_timestamp from flights
      where date < '2001-01-01 12:00' order by all`;
    const asked = ['--spine-query', query, '--features', 'latest_flight:delay'];
    const joined = await project.run<{ rows: number }>('historical', ...asked, '--out', 'asked.csv');
    expect(joined.rows).toBeGreaterThan(100);
    await project.run('dataset', 'build', 'asked', ...asked);
    expect(await exported('asked@1')).toBe(readFileSync(project.file('asked.csv'), 'utf8'));
    const hostile = ['--spine-query', "select * from read_text('/etc/passwd')", '--features', 'latest_flight:delay'];
    expect(await project.fail(2, 'historical', ...hostile, '--out', 'x.csv')).toMatchObject({ code: 'INVALID_VALUE' });
  });

  it('that nobody knows is an error', async () => {
    const error = await project.fail(2, 'dataset', 'show', 'nobody@3');
    expect(error).toMatchObject({ code: 'UNKNOWN_NAME' });
    expect(error.message).toContain('twice@2');
  });
});
