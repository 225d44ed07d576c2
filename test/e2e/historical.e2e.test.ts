/** What a point-in-time join promises of the spine's own rows, of keys, and of its three output formats. */
import { existsSync, readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { BEYOND_DOUBLES, createPaymentsProject, GREATEST } from './support/payments-project.ts';
import type { Project } from './support/project.ts';
import { queryTable, runStatements } from './support/tables.ts';

let project: Project;
beforeAll(async () => {
  project = createPaymentsProject();
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
