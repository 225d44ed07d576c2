import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { foldLedger } from '../../../catalog/ledger.ts';
import { parseInstant } from '../../../contracts/time.ts';
import { Timestamp } from '../../../contracts/timestamp.ts';
import { literalText } from '../../../engine/sql.ts';
import { appendRows } from '../../../ingestion/append-rows.ts';
import { auditIngestion } from '../../../ingestion/audit-ingestion.ts';
import { planIngestion } from '../../../ingestion/plan-ingestion.ts';
import { publishIngestion } from '../../../ingestion/publish-ingestion.ts';
import { stageGroup } from '../../../ingestion/stage-group.ts';
import { expectationOf, sourceOf } from './fixtures.ts';
import { eachInWorld, manifestOf, openWorld, viewOf, type World } from './world.ts';

let world: World;
eachInWorld((opened) => (world = opened));

const at = (text: string): bigint => parseInstant(text)!;
const range = (from: string, to: string) => ({ from: at(from), to: at(to) });
const SCHEMA = { ts: 'timestamp', key: 'string', n: 'int64' } as const;
const events = (options: Parameters<typeof sourceOf>[2] = {}) =>
  sourceOf(join(world.folder.path, '*.csv'), SCHEMA, options);
const csv = (...rows: readonly string[]): string => `ts,key,n\n${rows.map((row) => `${row}\n`).join('')}`;
const keys = async (): Promise<unknown[]> => (await world.rows()).map(({ key }) => key);

describe('ingesting again', () => {
  test('an unchanged file is ingested once, and nothing new makes no snapshot', async () => {
    await world.folder.write('a.csv', csv('2024-01-01,a,1', '2024-01-02,b,2'));
    const first = await world.ingest(events());
    expect(first).toEqual({
      source: 'events',
      snapshot: 1,
      inputs: 1,
      unchangedInputs: 0,
      rowsIn: 2,
      committed: 2,
      quarantined: 0,
      deduplicated: 0,
      warnings: [],
    });
    const again = await world.ingest(events());
    expect(again).toMatchObject({ snapshot: 1, inputs: 0, unchangedInputs: 1, rowsIn: 0 });
    expect(again.warnings[0]).toMatch(/^nothing new: 1 input/);
    await world.folder.write('b.csv', csv('2024-01-03,c,3'));
    expect(await world.ingest(events())).toMatchObject({ snapshot: 2, inputs: 1, unchangedInputs: 1, rowsIn: 1 });
    expect(await keys()).toEqual(['a', 'b', 'c']);
  });

  test('a changed file replaces its earlier rows and no others', async () => {
    await world.folder.write('a.csv', csv('2024-01-01,a1,1', '2024-01-02,a2,2'));
    await world.folder.write('b.csv', csv('2024-01-01,b1,1'));
    await world.ingest(events());
    await world.folder.write('a.csv', csv('2024-01-02,a3,3', '2024-01-05,a4,3', '2024-01-05,a5,3'));
    expect(await world.ingest(events())).toMatchObject({ inputs: 1, unchangedInputs: 1, committed: 3 });
    expect((await keys()).sort()).toEqual(['a3', 'a4', 'a5', 'b1']);
    const changes = await world.catalog.tables.changes(world.table, 1, 2);
    expect(changes.removedSequences).toEqual([{ start: 1n, end: 3n }]);
    expect((await world.catalog.tables.inputs(world.table)).map(({ path }) => path.slice(-5))).toEqual([
      'b.csv',
      'a.csv',
    ]);
  });

  test('a file that goes back to its earlier content counts once', async () => {
    const [before, after] = [csv('2024-01-01,a,1'), csv('2024-01-01,b,1')];
    for (const content of [before, after, before]) {
      await world.folder.write('a.csv', content);
      await world.ingest(events());
    }
    expect(await keys()).toEqual(['a']);
  });

  test('a range takes its rows, and the rest follows under the same block', async () => {
    await world.folder.write('a.csv', csv('2024-01-01,a,1', '2024-01-02,b,2', '2024-01-03,c,3', '2024-01-02,d,4'));
    expect(await world.ingest(events(), { range: range('2024-01-02', '2024-01-03') })).toMatchObject({ committed: 2 });
    expect(await keys()).toEqual(['b', 'd']);
    expect(await world.ingest(events(), { range: range('2024-01-02', '2024-01-02T12:00') })).toMatchObject({
      inputs: 0,
    });
    expect(await world.ingest(events(), { range: range('2024-01-01', '2024-01-03') })).toMatchObject({ committed: 1 });
    expect(await world.ingest(events())).toMatchObject({ committed: 1, rowsIn: 1 });
    expect(await keys()).toEqual(['a', 'b', 'c', 'd']);
    expect(await world.ingest(events())).toMatchObject({ inputs: 0, unchangedInputs: 1 });
  });

  test('a ranged ingestion of a changed file keeps what the file had given before', async () => {
    await world.folder.write('a.csv', csv('2024-01-01,a,1'));
    await world.ingest(events());
    await world.folder.write('a.csv', csv('2024-01-01,a,1', '2024-01-09,b,1'));
    await world.ingest(events(), { range: range('2024-01-09', '2024-01-10') });
    expect(await keys()).toEqual(['a', 'b']);
  });
});

describe('one run', () => {
  test('every step may be repeated', async () => {
    await world.folder.write('a.csv', csv('2024-01-01,a,1'));
    const plan = () =>
      planIngestion(world, { manifest: manifestOf(world.project, events()), source: 'events', runId: 'run/1' });
    const { planUri } = await plan();
    expect((await plan()).planUri).toBe(planUri);
    const staged = await stageGroup(world, { planUri, group: 0 });
    expect(await stageGroup(world, { planUri, group: 0 })).toEqual(staged);
    await auditIngestion(world, { planUri });
    const first = await publishIngestion(world, { planUri });
    expect(await publishIngestion(world, { planUri })).toEqual(first);
    expect(await world.catalog.tables.snapshots(world.table)).toHaveLength(1);
  });

  test('two runs of the same inputs count them once, whatever else each brings', async () => {
    await world.folder.write('a.csv', csv('2024-01-01,a,1'));
    const prepare = async (runId: string): Promise<string> => {
      const { planUri, groups } = await planIngestion(world, {
        manifest: manifestOf(world.project, events()),
        source: 'events',
        runId,
      });
      for (let group = 0; group < groups; group++) await stageGroup(world, { planUri, group });
      return planUri;
    };
    const one = await prepare('one');
    await world.folder.write('b.csv', csv('2024-01-01,b,1'));
    const two = await prepare('two');
    expect(await publishIngestion(world, { planUri: one })).toMatchObject({ committed: 1 });
    const result = await publishIngestion(world, { planUri: two });
    expect(result).toMatchObject({ committed: 1, inputs: 1, unchangedInputs: 1 });
    expect(await publishIngestion(world, { planUri: two })).toEqual(result);
    expect(await keys()).toEqual(['a', 'b']);
  });

  test('a failing run leaves nothing committed', async () => {
    await world.folder.write('a.csv', csv('2024-01-01,a,1'));
    await world.folder.write('b.csv', csv('2024-01-01,b,x'));
    await expect(world.ingest(events())).rejects.toThrow(
      `events: ${join(world.folder.path, 'b.csv')}, row 1, column "n": "x" is not a valid int64`,
    );
    expect(await world.catalog.tables.head(world.table)).toBe(0);
  });

  test('an input that changes after the plan is refused', async () => {
    const path = await world.folder.write('a.csv', csv('2024-01-01,a,1'));
    const { planUri } = await planIngestion(world, {
      manifest: manifestOf(world.project, events()),
      source: 'events',
      runId: 'r',
    });
    await writeFile(path, csv('2024-01-01,a,1', '2024-01-01,b,1'));
    await expect(stageGroup(world, { planUri, group: 0 })).rejects.toThrow(/changed while it was being ingested/);
  });

  test('an aborted signal ends it', async () => {
    await world.folder.write('a.csv', csv('2024-01-01,a,1'));
    const request = { manifest: manifestOf(world.project, events()), source: 'events', runId: 'r' };
    await expect(planIngestion(world, request, { signal: AbortSignal.abort() })).rejects.toMatchObject({
      code: 'CANCELLED',
    });
  });

  test('new and removed rows make the days they touch dirty', async () => {
    const views = [viewOf('v', 'f1')];
    const ledger = async () =>
      foldLedger(
        await world.catalog.intervals.entries({
          project: world.project,
          view: 'v',
          fingerprint: 'f1',
          store: 'offline',
        }),
      );
    await world.folder.write('a.csv', csv('2024-01-01,a,1', '2024-01-04,b,2'));
    const { snapshot } = await world.ingest(events(), { views });
    await world.catalog.intervals.append([
      {
        project: world.project,
        view: 'v',
        fingerprint: 'f1',
        store: 'offline',
        range: range('2024-01-01', '2024-01-11'),
        operation: 'done',
        idempotencyKey: 'k',
        runId: 'r',
        inputSnapshot: snapshot,
        rowsIn: 2,
        rowsOut: 2,
      },
    ]);
    expect((await ledger()).dirty).toEqual([]);
    await world.folder.write('a.csv', csv('2024-01-02,a,1'));
    await world.ingest(events(), { views });
    expect((await ledger()).dirty).toEqual([range('2024-01-01', '2024-01-03'), range('2024-01-04', '2024-01-05')]);
  });
});

describe('formats', () => {
  test('Parquet, CSV and JSON Lines give equal tables', async () => {
    const select = `SELECT TIMESTAMP '2024-01-01 00:00:00.000001' + to_hours(i::INTEGER) AS ts, 'k' || i AS key,
      CASE WHEN i % 3 > 0 THEN 9007199254740993 + i END AS n, i / 7 AS f, i % 2 = 0 AS b FROM range(50) r(i)`;
    const schema = { ...SCHEMA, f: 'float64', b: 'boolean' } as const;
    const tables: unknown[] = [];
    for (const [extension, format] of [
      ['parquet', '(FORMAT parquet)'],
      ['csv', '(FORMAT csv, HEADER)'],
      ['jsonl', '(FORMAT json)'],
    ]) {
      await using one = await openWorld(world);
      const path = join(one.folder.path, `in.${extension}`);
      await one.engine.session((session) => session.run(`COPY (${select}) TO ${literalText(path)} ${format}`));
      expect(await one.ingest(sourceOf(path, schema))).toMatchObject({ committed: 50 });
      tables.push(await one.rows());
    }
    expect(tables[0]).toHaveLength(50);
    expect(tables[1]).toEqual(tables[0]);
    expect(tables[2]).toEqual(tables[0]);
  });

  test('files hold whole event days in order of day and sequence, described for the catalog', async () => {
    await world.folder.write('a.csv', csv('2024-01-02T01:00,b,1', '2024-01-01,a,2', '2024-01-02,c,3'));
    await world.ingest(events({ created: null }));
    const { files } = await world.catalog.tables.files(world.table);
    expect(files).toHaveLength(1);
    const [file] = files;
    expect(file).toMatchObject({
      rows: 3,
      minEvent: at('2024-01-01'),
      maxEvent: at('2024-01-02T01:00'),
      minSequence: 1n,
      maxSequence: 3n,
    });
    expect(file!.path).toMatch(/^sources\/events\/2024-01-01-.*\.parquet$/);
    const path = literalText(await world.lake.localPath(file!.path));
    const stored = await world.engine.session((session) => session.rows(`SELECT key FROM read_parquet(${path})`));
    expect(stored.map(({ key }) => key)).toEqual(['a', 'b', 'c']);
  });

  test('extra columns are stored where a file has them', async () => {
    await world.folder.write('a.csv', csv('2024-01-01,a,1'));
    await world.folder.write('b.csv', 'ts,key,n,more\n2024-01-01,b,1,x\n');
    await world.ingest(events());
    expect((await world.rows()).map(({ key, more }) => [key, more])).toEqual([
      ['a', null],
      ['b', 'x'],
    ]);
  });
});

describe('quality', () => {
  const notNull = (column: string, options = {}) =>
    expectationOf('expect_column_values_to_not_be_null', { column }, options);
  const between = (args: object, options = {}) =>
    expectationOf('expect_column_values_to_be_between', { column: 'n', ...args }, options);

  test('bad rows are quarantined with their place and reasons, and every row is accounted for', async () => {
    const path = await world.folder.write('a.csv', csv('2024-01-01,,5', ',k,-1', '2024-01-02,k,-5', '2024-01-02,k,3'));
    const quarantine = { onFailure: 'quarantine' } as const;
    const expectations = [notNull('key', quarantine), notNull('ts', quarantine), between({ min_value: 0 }, quarantine)];
    const result = await world.ingest(events({ expectations }));
    expect(result).toMatchObject({ rowsIn: 4, committed: 1, quarantined: 3 });
    expect(result.warnings).toContain(
      'expect_column_values_to_be_between(column: n, min_value: 0): 2 rows were quarantined',
    );
    expect(
      (await world.quarantine()).map(({ raw, input, row, rules, event }) => ({ raw, input, row, rules, event })),
    ).toEqual([
      {
        raw: '{"ts":"2024-01-01","key":null,"n":"5"}',
        input: path,
        row: 1n,
        rules: ['expect_column_values_to_not_be_null(column: key)'],
        event: at('2024-01-01'),
      },
      {
        raw: '{"ts":null,"key":"k","n":"-1"}',
        input: path,
        row: 2n,
        rules: [
          'expect_column_values_to_not_be_null(column: ts)',
          'expect_column_values_to_be_between(column: n, min_value: 0)',
        ],
        event: null,
      },
      {
        raw: '{"ts":"2024-01-02","key":"k","n":"-5"}',
        input: path,
        row: 3n,
        rules: ['expect_column_values_to_be_between(column: n, min_value: 0)'],
        event: at('2024-01-02'),
      },
    ]);
    expect(await world.catalog.tables.conservation(world.table)).toEqual([
      { range: { from: 0n, to: 0n }, rowsIn: 1, committed: 0, quarantined: 1, deduplicated: 0 },
      { range: range('2024-01-01', '2024-01-02'), rowsIn: 1, committed: 0, quarantined: 1, deduplicated: 0 },
      { range: range('2024-01-02', '2024-01-03'), rowsIn: 2, committed: 1, quarantined: 1, deduplicated: 0 },
    ]);
  });

  test('a null event time without such a rule is an error', async () => {
    await world.folder.write('a.csv', csv('2024-01-01,a,1', ',b,1'));
    await expect(world.ingest(events())).rejects.toThrow(/a\.csv, row 2: its event time \(column "ts"\) is null/);
  });

  test('an operation that is none is an error, and may be quarantined too', async () => {
    await world.folder.write('a.csv', csv('2024-01-01,Delete,1', '2024-01-01,c,1', '2024-01-01,,1', '2024-01-02,t,1'));
    await expect(world.ingest(events({ operation: 'key' }))).rejects.toThrow(
      /a\.csv, row 4, column "key": "t" is not a valid operation: insert, update or delete/,
    );
    expect(await keys()).toEqual([]);
    const contract = { columns: 'evolve', types: 'quarantine' } as const;
    const result = await world.ingest(events({ operation: 'key', contract }));
    expect(result).toMatchObject({ committed: 3, quarantined: 1 });
  });

  test('values that do not cast may be quarantined too', async () => {
    await world.folder.write('a.csv', csv('2024-01-01,a,x', '2024-01-01,b,1'));
    const result = await world.ingest(events({ contract: { columns: 'evolve', types: 'quarantine' } }));
    expect(result).toMatchObject({ committed: 1, quarantined: 1 });
    expect((await world.quarantine())[0]).toMatchObject({ row: 1n, rules: ['column "n" is not a valid int64'] });
  });

  test('mostly is a share of the batch', async () => {
    await world.folder.write('a.csv', csv('2024-01-01,a,1', '2024-01-01,b,2', '2024-01-01,c,-1', '2024-01-01,d,'));
    await expect(
      world.ingest(events({ expectations: [between({ min_value: 0, mostly: 0.7 })] })),
    ).rejects.toMatchObject({
      code: 'QUALITY_GATE',
      exitCode: 3,
      message: expect.stringContaining('1 of 4 rows do not hold') as unknown,
    });
    expect(await world.catalog.tables.head(world.table)).toBe(0);
    const relaxed = [between({ min_value: 0, mostly: 0.6 }), notNull('n', { severity: 'warning', onFailure: 'warn' })];
    const result = await world.ingest(events({ expectations: relaxed }));
    expect(result).toMatchObject({ committed: 4 });
    expect(result.warnings).toEqual(['expect_column_values_to_not_be_null(column: n): 1 of 4 rows do not hold']);
  });

  test('column and table rules look at the whole batch', async () => {
    await world.folder.write('a.csv', csv('2024-01-01,a,1', '2024-01-01,b,2'));
    await world.folder.write('b.csv', csv('2024-01-01,b,9'));
    const rule = (type: string, args: object) => expectationOf(type, { ...args }, { level: 'column' });
    const holds = [
      rule('expect_column_max_to_be_between', { column: 'n', max_value: 9 }),
      rule('expect_column_unique_value_count_to_be_between', { column: 'key', min_value: 2, max_value: 2 }),
      rule('expect_table_row_count_to_be_between', { min_value: 3, max_value: 3 }),
    ];
    const fails = rule('expect_column_mean_to_be_between', { column: 'n', max_value: 3.9 });
    await expect(world.ingest(events({ expectations: [...holds, fails] }))).rejects.toThrow(
      'source events: quality gate refused the data: expect_column_mean_to_be_between(column: n, max_value: 3.9): observed 4',
    );
    expect(await world.ingest(events({ expectations: holds }))).toMatchObject({ committed: 3, warnings: [] });
  });
});

describe('pushed rows', () => {
  test('go through rules and sequences, once for a key', async () => {
    await world.folder.write('a.csv', csv('2024-01-01,a,1'));
    const source = events({
      rename: { key: 'KEY' },
      expectations: [
        expectationOf('expect_column_values_to_not_be_null', { column: 'key' }, { onFailure: 'quarantine' }),
      ],
    });
    const rows = [
      { ts: Timestamp.from('2024-01-02T00:00:00.000001Z'), key: 'p', n: 9007199254740993n },
      { ts: new Date('2024-01-03'), n: 1 },
      { ts: '2024-01-04', key: 'q', n: '7' },
    ];
    const push = () =>
      appendRows(world, { manifest: manifestOf(world.project, source), source: 'events', rows, idempotencyKey: 'k' });
    const first = await push();
    expect(first).toEqual({ snapshot: 1, committed: 2, quarantined: 1, sequenceStart: 1n });
    expect(await push()).toEqual(first);
    expect(await world.rows()).toEqual([
      { ts: at('2024-01-02T00:00:00.000001Z'), key: 'p', n: 9007199254740993n },
      { ts: at('2024-01-04'), key: 'q', n: 7n },
    ]);
  });

  test('a value of the wrong type names the row', async () => {
    const rows = [
      { ts: '2024-01-01', n: 1 },
      { ts: '2024-01-01', n: 1.5 },
    ];
    const push = appendRows(world, {
      manifest: manifestOf(world.project, events()),
      source: 'events',
      rows,
      idempotencyKey: 'k',
    });
    await expect(push).rejects.toThrow('events: pushed rows, row 2, column "n": "1.5" is not a valid int64');
    expect(await world.catalog.tables.head(world.table)).toBe(0);
  });
});
