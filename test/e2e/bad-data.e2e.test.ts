/** Bad data: an error that names the place and commits nothing, rows set apart and counted, or a gate that refuses. */
import { copyFileSync, existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { IngestResult } from '../../contracts/runs.ts';
import type { OnlineFeaturesResult } from '../../online/feature-document.ts';
import { createPaymentsProject, PAYMENT_DEFINITIONS, paymentsFile } from './support/payments-project.ts';
import type { Project } from './support/project.ts';
import { runStatements } from './support/tables.ts';

/** A source of each format beside the payments. */
const DEFINITIONS = `${PAYMENT_DEFINITIONS}
const options = { timestamp: 'at', schema: { at: 'timestamp', id: 'int64' } } as const;
export const parquetFiles = fileSource('parquet_files', { path: 'data/parquet/*.parquet', ...options });
export const csvFiles = fileSource('csv_files', { path: 'data/csv/*.csv', ...options });
export const jsonFiles = fileSource('json_files', { path: 'data/jsonl/*.jsonl', ...options });
`;

let project: Project;
beforeAll(async () => {
  project = createPaymentsProject();
  project.write('features.ts', DEFINITIONS);
  await project.run('dev', '--detach');
  await project.run('apply', '--yes');
  await project.run('ingest', 'payments');
});
afterAll(() => project.close());

describe('an input that cannot be read', () => {
  afterEach(() => {
    for (const format of ['csv', 'jsonl', 'parquet'])
      rmSync(project.file(`data/${format}`), { recursive: true, force: true });
  });

  const refuse = async (source: string, code: string, message: RegExp): Promise<void> => {
    const error = await project.fail(1, 'ingest', source);
    expect(error).toMatchObject({ code });
    expect(error.message).toMatch(message);
    expect(await project.run('describe', source)).toMatchObject({ snapshot: 0, rows: 0, files: 0 });
  };

  it('because it is half written', async () => {
    const whole = project.write('data/parquet/whole', '');
    await runStatements(
      `COPY (SELECT TIMESTAMP '2024-01-01' AS at, range AS id FROM range(10000)) TO '${whole}' (FORMAT parquet)`,
    );
    copyFileSync(whole, project.file('data/parquet/a.parquet'));
    const bytes = readFileSync(whole);
    writeFileSync(project.file('data/parquet/b.parquet'), bytes.subarray(0, bytes.length / 2));
    await refuse('parquet_files', 'INPUT_UNREADABLE', /b\.parquet cannot be read: /);
  });

  it('because it is another format', async () => {
    project.write('data/parquet/a.parquet', 'at,id\n2024-01-01T00:00:00Z,1\n');
    await refuse('parquet_files', 'INPUT_UNREADABLE', /a\.parquet cannot be read: /);
    project.write('data/jsonl/a.jsonl', '{"at": "2024-01-01T00:00:00Z", "id": 1}\n{"at": \n');
    await refuse('json_files', 'INPUT_UNREADABLE', /a\.jsonl/);
  });

  it.each([
    ['parquet', 'parquet_files'],
    ['csv', 'csv_files'],
    ['jsonl', 'json_files'],
  ])('because it has 0 bytes: %s', async (format, source) => {
    project.write(`data/${format}/a.${format}`, '');
    await refuse(source, expect.stringMatching(/^INPUT_/) as string, new RegExp(`a\\.${format}`));
  });

  it('because a column has vanished', async () => {
    project.write('data/csv/a.csv', 'at,id\n2024-01-01T00:00:00Z,1\n');
    project.write('data/csv/b.csv', 'at,ident\n2024-01-01T00:00:00Z,1\n');
    await refuse('csv_files', 'INPUT_COLUMN_MISSING', /b\.csv has no column "id"; it has: at, ident/);
  });

  it('because a timestamp is none', async () => {
    project.write('data/csv/a.csv', 'at,id\n2024-01-01T00:00:00Z,1\n2024-13-01T00:00:00Z,2\n');
    await refuse(
      'csv_files',
      'INPUT_VALUE_INVALID',
      /a\.csv, row 2, column "at": "?2024-13-01T00:00:00Z"? is not a valid timestamp/,
    );
  });

  it('because it is not there', async () => {
    await refuse('csv_files', 'INPUT_NOT_FOUND', /nothing matches .*data\/csv\/\*\.csv/);
  });
});

describe('a spine', () => {
  const join = (spine: string, code: number) =>
    project.fail(code, 'historical', '--spine', spine, '--features', 'pair_latest', '--out', 'out.csv');

  afterEach(() => expect(existsSync(project.file('out.csv'))).toBe(false));

  it('without a key', async () => {
    project.write('spine.csv', 'payer,event_timestamp\n1,2024-03-03\n');
    const error = await join('spine.csv', 1);
    expect(error).toMatchObject({ code: 'SPINE_COLUMN_MISSING' });
    expect(error.message).toMatch(
      /spine\.csv: the spine has no column "payee"; the key payee of entity pair .* it has: payer, event_timestamp/,
    );
  });

  it('without a timestamp', async () => {
    project.write('spine.csv', 'payer,payee\n1,23\n');
    const error = await join('spine.csv', 1);
    expect(error).toMatchObject({ code: 'SPINE_COLUMN_MISSING' });
    expect(error.message).toMatch(/the spine has no column "event_timestamp"; .* it has: payer, payee/);
  });

  it('with a timestamp that is none', async () => {
    project.write('spine.csv', 'payer,payee,event_timestamp\n1,23,2024-03-03\n1,23,soon\n');
    const error = await join('spine.csv', 1);
    expect(error).toMatchObject({ code: 'INPUT_VALUE_INVALID' });
    expect(error.message).toMatch(/spine\.csv, row 2, column "event_timestamp": "soon"/);
  });

  it('that is empty, truncated or not there', async () => {
    project.write('empty.parquet', '');
    expect((await join('empty.parquet', 1)).message).toMatch(/empty\.parquet cannot be read/);
    project.write('empty.csv', '');
    expect((await join('empty.csv', 1)).message).toMatch(/empty\.csv/);
    expect(await join('nowhere.csv', 1)).toMatchObject({ code: 'INPUT_NOT_FOUND' });
  });
});

describe('rows that break a rule', () => {
  it('are set apart and counted, and a gate that refuses leaves what was there served', async () => {
    project.write(
      'data/payments/2024-04.csv',
      paymentsFile(
        '2024-04-01T10:00:00Z,1,1,23,40,good',
        '2024-04-01T11:00:00Z,,1,23,41,no account',
        '2024-04-01T12:00:00Z,1,1,23,-42,negative',
      ),
    );
    expect(await project.run<IngestResult>('ingest', 'payments')).toMatchObject({
      snapshot: 2,
      inputs: 1,
      unchangedInputs: 1,
      rowsIn: 3,
      committed: 1,
      quarantined: 2,
    });
    const before = await project.run<SourceDescription>('describe', 'payments');
    expect(before).toMatchObject({ snapshot: 2, rows: 5, conservation: { rowsIn: 7, committed: 5, quarantined: 2 } });
    await project.run('materialize', '--all', '--to', '2024-04-02T00:00:00Z');
    const served = await readLatest();
    expect(served.results[1]).toMatchObject({ values: [40], statuses: ['PRESENT'] });

    project.write('data/payments/2024-05.csv', paymentsFile('2024-04-01T13:00:00Z,1,1,23,99,poison'));
    const error = await project.fail(3, 'ingest', 'payments');
    expect(error.code).toBe('QUALITY_GATE');
    expect(error.message).toMatch(/payments.*note/);
    expect(await project.run<SourceDescription>('describe', 'payments')).toEqual(before);
    expect(await readLatest()).toEqual(served);
    expect(await project.run('fsck', '--deep')).toMatchObject({ ok: true, problems: [] });
  });

  it('are listed, shown, taken back in by mended rules, or given up', async () => {
    interface Shown {
      readonly rows: readonly { readonly id: string; readonly row: string; readonly raw: string }[];
    }
    const notNull = 'expect_column_values_to_not_be_null(column: account_id)';
    const negative = 'expect_column_values_to_be_between(column: amount, min_value: 0)';
    const seen = expect.stringMatching(/^20\d\d-/) as string;
    expect(await project.run('quarantine', 'list')).toMatchObject({
      sources: [
        {
          ...{ source: 'payments', open: 2, replayed: 0, dropped: 0, replaced: 0 },
          rules: [
            { rule: negative, rows: 1, first_seen: seen },
            { rule: notNull, rows: 1, first_seen: seen },
          ],
        },
      ],
    });
    const { rows } = await project.run<Shown>('quarantine', 'show', 'payments', '--rule', 'account_id');
    expect(rows).toMatchObject([{ row: '2', status: 'open', rules: [notNull] }]);
    expect(JSON.parse(rows[0]!.raw)).toMatchObject({ account_id: null, note: 'no account' });
    expect(await project.run('quarantine', 'replay', 'payments')).toMatchObject({ replayed: 0, left: 2 });

    project.write(
      'features.ts',
      DEFINITIONS.replace("{ column: 'amount', min_value: 0 }", "{ column: 'amount', min_value: -100 }"),
    );
    await project.run('apply', '--yes');
    expect(await project.run('quarantine', 'replay', 'payments')).toMatchObject({ replayed: 1, left: 1, snapshot: 3 });
    expect(await project.run('describe', 'payments')).toMatchObject({
      rows: 6,
      conservation: { rowsIn: 7, committed: 6, quarantined: 1 },
    });
    expect(await project.fail(2, 'quarantine', 'drop', 'payments')).toMatchObject({ code: 'USAGE' });
    expect(await project.run('quarantine', 'drop', 'payments', '--id', rows[0]!.id)).toMatchObject({ dropped: 1 });
    expect(await project.run('quarantine', 'list', 'payments')).toMatchObject({
      sources: [{ open: 0, replayed: 1, dropped: 1, rules: [] }],
    });
    expect(await project.run('fsck', '--deep')).toMatchObject({ ok: true, problems: [] });
  });
});

function readLatest(): Promise<OnlineFeaturesResult> {
  return project.run<OnlineFeaturesResult>(
    ...['get', '--features', 'latest_payment:amount', '--entity', 'account_id=1', '--at', '2024-04-02T00:00:00Z'],
  );
}

interface SourceDescription {
  readonly snapshot: number;
  readonly rows: number;
}
