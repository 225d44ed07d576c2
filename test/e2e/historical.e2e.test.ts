/** What a point-in-time join promises of the spine's own rows, of keys, and of its three output formats. */
import { existsSync, readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { BuildTrainingDatasetResult } from '../../contracts/runs.ts';
import type { Explanation } from '../../offline/explain.ts';
import { startCommand } from './support/command.ts';
import {
  BEYOND_DOUBLES,
  createPaymentsProject,
  GREATEST,
  PAYMENT_DEFINITIONS,
  paymentsFile,
} from './support/payments-project.ts';
import type { Project } from './support/project.ts';
import { queryTable, runStatements } from './support/tables.ts';

const FITTED = `
import { categorical, categoricalEncode, normalize } from 'asof';
export const scaledPayment = featureView('scaled_payment', {
  entities: [account], source: payments,
  features: { amount: numeric({ transform: normalize() }), payee: categorical({ transform: categoricalEncode() }) },
});
`;

let project: Project;
beforeAll(async () => {
  project = createPaymentsProject();
  project.write('features.ts', PAYMENT_DEFINITIONS + FITTED);
  await project.run('dev', '--detach');
  await project.run('apply', '--yes');
  await project.run('ingest', 'payments');
});
afterAll(() => project.close());

const at = '2024-03-03T00:00:00Z';

/** Runs `historical` over a CSV spine; the output's lines. */
async function joinLines(spine: readonly string[], ...options: readonly string[]): Promise<readonly string[]> {
  project.write('spine.csv', `${spine.join('\n')}\n`);
  await project.run('historical', '--spine', 'spine.csv', '--out', 'out.csv', ...options);
  return readFileSync(project.file('out.csv'), 'utf8').trimEnd().split('\n');
}

describe('the rows of a spine', () => {
  it('come back in order, each once, with their columns untouched', async () => {
    const rows = [
      `1,${at},007,late`,
      `,${at},1e3,"null key, and a comma"`,
      `1,${at},007,late`,
      `99,2024-03-03T02:00:00+02:00,"",unknown key`,
      `1,2024-03-01T10:00:00Z,,"quote ""inside"""`,
      `1,2024-03-01T09:59:59.999999Z,0.10,a microsecond early`,
    ];
    const lines = await joinLines(
      ['account_id,event_timestamp,code,label', ...rows],
      '--features',
      'latest_payment:amount',
    );
    expect(lines).toEqual([
      'account_id,event_timestamp,code,label,latest_payment__amount',
      `${rows[0]},20`,
      `${rows[1]},`,
      `${rows[2]},20`,
      `${rows[3]},`,
      `${rows[4]},10`,
      `${rows[5]},`,
    ]);
  });

  it('may be none', async () => {
    expect(await joinLines(['account_id,event_timestamp'], '--features', 'account_payments')).toEqual([
      'account_id,event_timestamp,account_payments__payments_7d,account_payments__amount_7d,account_payments__recent',
    ]);
  });
});

describe('keys', () => {
  it('of several columns are compared column by column', async () => {
    const lines = await joinLines(
      [
        'payer,payee,event_timestamp',
        `1,23,${at}`,
        `12,3,${at}`,
        `123,,${at}`,
        `a|b,"c,""d""",${at}`,
        `a,b|c,${at}`,
        `a|b|c,,${at}`,
      ],
      '--features',
      'pair_latest:amount',
    );
    expect(lines.slice(1)).toEqual([
      `1,23,${at},10`,
      `12,3,${at},20`,
      `123,,${at},`,
      `a|b,"c,""d""",${at},${GREATEST}`,
      `a,b|c,${at},5`,
      `a|b|c,,${at},`,
    ]);
  });

  const neighbour = String(BigInt(BEYOND_DOUBLES) - 1n);

  it('and values beyond 2^53 keep their digits in CSV', async () => {
    const lines = await joinLines(
      ['account_id,event_timestamp', `${BEYOND_DOUBLES},${at}`, `${neighbour},${at}`],
      '--features',
      'latest_payment:amount,account_payments:amount_7d',
    );
    expect(lines.slice(1)).toEqual([`${BEYOND_DOUBLES},${at},${GREATEST},${GREATEST}`, `${neighbour},${at},5,5`]);
  });

  it('and values beyond 2^53 keep their digits in JSON, as numbers and as text', async () => {
    project.write(
      'spine.jsonl',
      [
        `{"account_id": ${BEYOND_DOUBLES}, "event_timestamp": "${at}"}`,
        `{"account_id": "${neighbour}", "event_timestamp": "${at}"}`,
        '',
      ].join('\n'),
    );
    const features = 'latest_payment:amount,account_payments:recent';
    await project.run('historical', '--spine', 'spine.jsonl', '--features', features, '--out', 'big.jsonl');
    expect(readFileSync(project.file('big.jsonl'), 'utf8').trimEnd().split('\n')).toEqual([
      `{"account_id":${BEYOND_DOUBLES},"event_timestamp":"${at}","latest_payment__amount":"${GREATEST}","account_payments__recent":["${GREATEST}"]}`,
      `{"account_id":"${neighbour}","event_timestamp":"${at}","latest_payment__amount":5,"account_payments__recent":[5]}`,
    ]);
  });

  it('of the wrong type end with the row', async () => {
    project.write('bad-key.csv', `account_id,event_timestamp\n1,${at}\nORD,${at}\n`);
    const error = await project.fail(
      1,
      ...['historical', '--spine', 'bad-key.csv', '--features', 'latest_payment', '--out', 'bad.csv'],
    );
    expect(error).toMatchObject({ code: 'KEY_TYPE_MISMATCH' });
    expect(error.message).toMatch(/bad-key\.csv, row 2: key "account_id" is "ORD", but entity account declares int64/);
    expect(existsSync(project.file('bad.csv'))).toBe(false);
  });
});

describe('the output', () => {
  it('is the same as CSV, Parquet and JSON Lines', async () => {
    await runStatements(
      `COPY (SELECT * FROM (VALUES (1::BIGINT, '1', '23', 100::BIGINT), (${BEYOND_DOUBLES}, 'a|b', 'c,"d"', ${GREATEST}), (NULL, NULL, NULL, NULL), (1, '12', '3', -5))
        AS t(account_id, payer, payee, budget), (SELECT TIMESTAMP '2024-03-03' AS event_timestamp))
        TO '${project.file('spine.parquet')}' (FORMAT parquet)`,
    );
    for (const format of ['csv', 'parquet', 'jsonl']) {
      const out = `all.${format}`;
      await project.run('historical', '--spine', 'spine.parquet', '--service', 'everything', '--out', out);
    }
    const columns = `account_id::BIGINT AS account_id, payer, payee, budget::BIGINT AS budget,
      event_timestamp::TIMESTAMP AS event_timestamp, account_payments__payments_7d::BIGINT AS n,
      account_payments__amount_7d::BIGINT AS total, account_payments__recent::BIGINT[]::VARCHAR AS recent,
      latest_payment__amount::BIGINT AS amount, latest_payment__note AS note, pair_latest__amount::BIGINT AS pair,
      headroom__affordable::DOUBLE AS affordable`;
    const parquet = await queryTable(`SELECT ${columns} FROM '${project.file('all.parquet')}'`);
    expect(parquet.map(({ total, note, pair, affordable }) => ({ total, note, pair, affordable }))).toEqual([
      { total: '30', note: '007', pair: '10', affordable: 80 },
      { total: GREATEST, note: '', pair: GREATEST, affordable: 0 },
      { total: '0', note: null, pair: null, affordable: null },
      { total: '30', note: '007', pair: '20', affordable: -25 },
    ]);
    const csv = `read_csv('${project.file('all.csv')}', header = true, all_varchar = true, nullstr = '', allow_quoted_nulls = false)`;
    const jsonl = `read_json('${project.file('all.jsonl')}', format = 'newline_delimited', columns = {${[
      'account_id',
      'payer',
      'payee',
      'budget',
      'event_timestamp',
      'account_payments__payments_7d',
      'account_payments__amount_7d',
      'account_payments__recent',
      'latest_payment__amount',
      'latest_payment__note',
      'pair_latest__amount',
      'headroom__affordable',
    ]
      .map((name) => `${name}: 'VARCHAR'`)
      .join(', ')}})`;
    expect(await queryTable(`SELECT ${columns} FROM ${csv}`)).toEqual(parquet);
    expect(await queryTable(`SELECT ${columns} FROM ${jsonl}`)).toEqual(parquet);
  });

  it('has short names on demand, unless two are the same', async () => {
    const spine = ['account_id,event_timestamp', `1,${at}`];
    const features = ['--features', 'latest_payment:note,account_payments:payments_7d', '--short-names'];
    expect(await joinLines(spine, ...features)).toEqual([
      'account_id,event_timestamp,note,payments_7d',
      `1,${at},007,2`,
    ]);

    project.write('labelled.csv', `account_id,event_timestamp,note\n1,${at},mine\n`);
    const error = await project.fail(2, 'historical', '--spine', 'labelled.csv', ...features, '--out', 'clash.csv');
    expect(error.code).toBe('NAME_COLLISION');
    expect(error.message).toContain('note');
    expect(existsSync(project.file('clash.csv'))).toBe(false);
  });

  it('for entities and a range has every entity at every step', async () => {
    project.write('entities.csv', 'account_id\n1\n2\n');
    const range = ['--from', '2024-03-01T12:00:00Z', '--to', '2024-03-03T12:00:00Z', '--every', '1d'];
    await project.run(
      ...['historical', '--entities', 'entities.csv', ...range],
      ...['--features', 'account_payments:payments_7d', '--out', 'grid.csv'],
    );
    expect(readFileSync(project.file('grid.csv'), 'utf8').trimEnd().split('\n')).toEqual([
      'account_id,event_timestamp,account_payments__payments_7d',
      '1,2024-03-01T12:00:00.000000Z,1',
      '1,2024-03-02T12:00:00.000000Z,2',
      '2,2024-03-01T12:00:00.000000Z,0',
      '2,2024-03-02T12:00:00.000000Z,0',
    ]);
  });
});

/** What a person reads who runs a command without `--json`. */
async function readText(...args: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await startCommand(args, project.directory).outcome;
  expect({ code, stderr: code === 0 ? '' : stderr }).toEqual({ code: 0, stderr: '' });
  return stdout;
}

describe('an explanation', () => {
  const asked = ['--spine', 'asked.csv', '--features', 'account_payments,headroom'];
  const explain = (...more: readonly string[]): Promise<Explanation> =>
    project.run('historical', ...asked, '--explain', ...more);

  beforeAll(() => {
    project.write('asked.csv', `account_id,budget,event_timestamp\n1,100,${at}\n2,100,2024-03-04\n`);
  });

  it('says by which engine, from which files, in how many shards, and does nothing', async () => {
    const explanation = await explain();
    expect(explanation).toMatchObject({
      ...{ rows: 2, firstAt: '2024-03-03T00:00:00.000000Z', lastAt: '2024-03-04T00:00:00.000000Z', shards: 1 },
      derived: [{ view: 'headroom', inputs: ['request', 'latest_payment'] }],
    });
    expect(explanation.views.map(({ view }) => view)).toEqual(['account_payments', 'latest_payment']);
    for (const explained of explanation.views) {
      expect(explained).toMatchObject({ source: 'payments', snapshot: 1, sourceFiles: { rows: 4 }, viewTable: null });
      expect(explained).toMatchObject({ engine: 'duckdb', why: 'no Spark is configured' });
      for (const file of explained.sourceFiles.files) {
        expect(existsSync(project.file(`.asof/lake/payments/${file}`)), file).toBe(true);
      }
    }
    const text = await readText('historical', ...asked, '--explain');
    expect(text).toMatch(/^2 rows from 2024-03-03 to 2024-03-04, in one shard\.$/m);
    expect(text).toMatch(/^account_payments: by DuckDB, since no Spark is configured$/m);
    expect(text).toMatch(/^ {2}source payments, snapshot 1, events .*: 1 file, 4 rows, /m);
  });

  it('of a dataset starts nothing', async () => {
    const build = ['dataset', 'build', 'explained', ...asked];
    expect(await project.run(...build, '--shards', '3', '--explain')).toMatchObject({ shards: 3 });
    expect((await project.fail(2, 'dataset', 'show', 'explained')).code).toBe('UNKNOWN_NAME');
  });

  it('names who asks for an engine; one that is missing or unknown is refused', async () => {
    expect((await explain('--engine', 'duckdb')).views[0]).toMatchObject({ why: 'the request asks for it' });
    const missing = await project.fail(1, 'historical', ...asked, '--engine', 'spark', '--out', 'spark.csv');
    expect(missing).toMatchObject({
      code: 'COMPONENT_MISSING',
      message: expect.stringContaining('SPARK_URL') as string,
    });
    expect(existsSync(project.file('spark.csv'))).toBe(false);
    expect((await project.fail(2, 'historical', ...asked, '--engine', 'flink', '--explain')).code).toBe('USAGE');
  });
});

describe('a fit', () => {
  const build = (): Promise<BuildTrainingDatasetResult> =>
    project.run('dataset', 'build', 'scaled', '--spine', 'scaled.csv', '--features', 'scaled_payment');
  const rowsOf = async (version: string): Promise<readonly string[]> => {
    await project.run('dataset', 'export', version, '--out', 'scaled-rows.csv');
    return readFileSync(project.file('scaled-rows.csv'), 'utf8').trimEnd().split('\n').slice(1);
  };

  beforeAll(() => {
    project.write('scaled.csv', `account_id,event_timestamp\n1,2024-03-01T12:00:00Z\n1,${at}\n`);
  });

  it('is needed, and says how to make one', async () => {
    const error = await project.fail(
      1,
      ...['historical', '--spine', 'scaled.csv', '--features', 'scaled_payment', '--out', 'no.csv'],
    );
    expect(error).toMatchObject({
      code: 'NOT_FITTED',
      message: expect.stringContaining('asof fit scaled_payment --until') as string,
    });
  });

  const until = '2024-03-02T10:30:00Z';
  const before = ['1,2024-03-01T12:00:00Z,0.0,0', '1,2024-03-03T00:00:00Z,1.0,1'];

  it('learns from the rows of a stated range, and a dataset says which fit it has', async () => {
    const first = { amount: { min: 10, max: 20 }, payee: { mapping: { '23': 0, '3': 1 } } };
    expect(await project.run('fit', 'scaled_payment', '--until', until)).toMatchObject({
      ...{ view: 'scaled_payment', version: 1, rows: 2, from: null, new: true },
      features: first,
    });
    expect(await build()).toMatchObject({ version: 1, fits: { scaled_payment: { version: 1, rowsBefore: 1 } } });
    expect(await rowsOf('scaled@1')).toEqual(before);
    expect(await readText('dataset', 'show', 'scaled@1')).toContain('fit of scaled_payment:amount: version 1');
  });

  it('made again is that of new datasets, and not of old ones, built once more or verified', async () => {
    project.write('data/payments/2024-04.csv', paymentsFile('2024-04-01,1,1,new,30,a', '2024-04-02,1,1,3,50,b'));
    await project.run('ingest', 'payments');
    // fitted already: the same fit again, whatever has come
    expect(await project.run('fit', 'scaled_payment', '--until', until)).toMatchObject({ version: 1, new: false });
    const range = ['--from', '2024-04-01', '--until', '2024-04-03'];
    expect(await project.run('fit', 'scaled_payment', ...range, '--refit')).toMatchObject({
      ...{ version: 2, rows: 2, new: true },
      features: { amount: { min: 30, max: 50 }, payee: { mapping: { new: 0, '3': 1 } } },
    });
    expect(await build()).toMatchObject({ version: 2, fits: { scaled_payment: { version: 2, rowsBefore: 2 } } });
    expect(await rowsOf('scaled@2')).toEqual([`1,2024-03-01T12:00:00Z,-1.0,-1`, `1,2024-03-03T00:00:00Z,-0.5,1`]);

    expect(await rowsOf('scaled@1')).toEqual(before);
    await project.run('dataset', 'rebuild', 'scaled@1');
    expect(await rowsOf('scaled@3')).toEqual(before);
    expect(await project.run('dataset', 'verify', 'scaled@1')).toMatchObject({ equal: true });
    expect(await readText('dataset', 'show', 'scaled@3')).toContain('fit of scaled_payment:amount: version 1');
    expect(await project.run('dataset', 'show', 'scaled@2')).toMatchObject({
      fits: { 'scaled_payment:amount': 2, 'scaled_payment:payee': 2 },
    });
  });

  it('is named by an explanation', async () => {
    const asked = ['--spine', 'scaled.csv', '--features', 'scaled_payment', '--explain'];
    expect(await readText('historical', ...asked)).toContain(
      'transforms: fit 2, until 2024-04-03; 2 rows older than that',
    );
  });
});
