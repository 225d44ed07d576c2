import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openEngine } from '../../../engine/duckdb.ts';
import type { Engine } from '../../../engine/engine.ts';
import { guardSelect, type GuardedSelect } from '../../../engine/select-guard.ts';

const root = mkdtempSync(join(tmpdir(), 'asof-guard-'));
const allowed = join(root, 'allowed');
let engine: Engine;

beforeAll(async () => {
  mkdirSync(allowed);
  writeFileSync(join(allowed, 'readable.csv'), 'a\n1\n');
  engine = await openEngine({
    memoryLimit: '256MB',
    threads: 2,
    tempDirectory: join(root, 'spill'),
    allowedDirectories: [allowed],
  });
});

afterAll(async () => {
  await engine.close();
  rmSync(root, { recursive: true });
});

const guard = (sql: string): Promise<GuardedSelect> =>
  engine.session((session) => guardSelect(session, sql, { where: 'the query', relations: ['flights', 'Airports'] }));

describe('a query passes', () => {
  test.each([
    ['select origin from flights', ['flights']],
    ['from FLIGHTS select origin', ['flights']],
    ['with f as (select * from flights), g as (select * from f) select * from g', ['flights']],
    ['with flights as (select 1 as a) select * from flights', []],
    ['with recursive t as (select 1 as n union all select n + 1 from t where n < 5) select * from t', []],
    [
      'select * from airports a join flights f using (origin) where f.date in (select max(date) from flights)',
      ['Airports', 'flights'],
    ],
    ['select x from flights, unnest([1, 2]) u(x)', ['flights']],
    ["select 'read_csv(''/etc/passwd'')' as text, \"random\" from flights", ['flights']],
    ['values (1), (2)', []],
    ['select 1 union all select 2', []],
    ['select * from flights; ;\n', ['flights']],
    ['select * from flights -- to the end', ['flights']],
    ['select list_transform([1, 2], lambda x: x + 1), count(*) over (partition by origin) from flights', ['flights']],
  ])('%s', async (sql, relations) => {
    expect((await guard(sql)).relations).toEqual(relations);
  });

  test('and runs as a part of another', async () => {
    const rows = await engine.session(async (session) => {
      await session.run(`CREATE TEMP VIEW flights AS SELECT 'ORD' AS origin`);
      const guard = { where: 'the query', relations: ['flights'] };
      const { sql } = await guardSelect(session, 'select origin from flights -- done', guard);
      return session.rows(`SELECT count(*) AS n FROM (\n${sql}\n)`);
    });
    expect(rows).toEqual([{ n: 1n }]);
  });
});

describe('a query is refused', () => {
  const file = join(allowed, 'readable.csv');
  test.each([
    ['two statements', 'select 1; select 2', 'there are 2 statements; write one SELECT'],
    ['a second statement of another kind', 'select 1; drop table flights', 'only a SELECT may stand here'],
    ['a semicolon before a comment', 'select 1; -- done', 'leave out the semicolon'],
    ['COPY', `copy (select 1) to '${join(allowed, 'out.csv')}'`, 'only a SELECT'],
    ['ATTACH', `attach '${join(allowed, 'x.db')}'`, 'only a SELECT'],
    ['INSTALL', 'install httpfs', 'only a SELECT'],
    ['SET', "set memory_limit = '1TB'", 'only a SELECT'],
    ['PRAGMA', 'pragma version', 'only a SELECT'],
    ['CALL', 'call duckdb_settings()', 'only a SELECT'],
    ['CREATE', 'create table t as select 1', 'only a SELECT'],
    ['EXPLAIN', 'explain analyze select 1', 'only a SELECT'],
    ['DESCRIBE', 'describe flights', 'DESCRIBE, SHOW and SUMMARIZE'],
    ['SUMMARIZE inside', 'select * from (summarize flights)', 'DESCRIBE, SHOW and SUMMARIZE'],
    ['a file by function', `select * from read_csv('${file}')`, 'line 1, column 15: the table function read_csv'],
    ['a file as text', `select content from read_text('${file}')`, 'the table function read_text'],
    ['glob', "select * from glob('/etc/*')", 'the table function glob'],
    ['a query in text', "select * from query('select 1')", 'the table function query'],
    ['a relation in text', "select * from query_table('duckdb_settings')", 'the table function query_table'],
    ['the settings', 'select * from duckdb_settings()', 'the table function duckdb_settings'],
    ['a generator', 'select count(*) from range(1000000000000)', 'the table function range'],
    ['a file by name', `select * from '${file}'`, 'cannot be read; the query may read from: flights, Airports'],
    ['a URL', "select * from 'https://example.com/x.parquet'", '"https://example.com/x.parquet" cannot be read'],
    ['another table', 'select *\nfrom flights,\n  secrets', 'line 3, column 3: "secrets" cannot be read'],
    ['a schema', 'select * from information_schema.tables', '"information_schema.tables" cannot be read'],
    ['a system view', 'select * from sqlite_master', '"sqlite_master" cannot be read'],
    ['a qualified relation', 'select * from main.flights', '"main.flights" cannot be read'],
    ['a file in a subquery', `select (select max(a) from '${file}') from flights`, 'cannot be read'],
    ['a file in a filter', `select 1 from flights where exists (from '${file}')`, 'cannot be read'],
    ['a file in a set operation', `select 1 union all (select * from '${file}')`, 'cannot be read'],
    [
      'a file under the name of a later expression',
      `with a as (from "${file}"), "${file}" as (select 1) from a`,
      'cannot be read',
    ],
    ['a file under its own name', `with "${file}" as (from "${file}") from "${file}"`, 'cannot be read'],
    [
      'a name of another scope',
      `select * from (with secrets as (select 1) from secrets), secrets`,
      '"secrets" cannot be read',
    ],
    ['a parameter', 'select $name from flights', 'it has a parameter'],
    ['random()', 'select random() from flights', 'line 1, column 8: random() may give another result'],
    ['now()', 'select * from flights where date < now()', 'now() may give another result'],
    ['current_timestamp', 'select current_timestamp from flights', 'may give another result'],
    ['current_date', 'select CURRENT_DATE from flights', 'may give another result'],
    ['settings by function', "select current_setting('temp_directory')", 'may give another result'],
    ['a sample of a relation', 'select * from flights tablesample 10%', 'a sample is another one at each run'],
    ['a sample of the result', 'select * from flights using sample 5', 'a sample is another one at each run'],
    ['a mistake', 'select\n  fromm flights )', 'line 2, column 17: syntax error'],
    ['nothing', ' ; ', 'the query is empty'],
    ['an escape from the brackets', 'select 1) union (select 2', 'syntax error'],
  ])('for %s', async (_, sql, problem) => {
    await expect(guard(sql)).rejects.toMatchObject({
      code: 'INVALID_VALUE',
      message: expect.stringContaining(`the query: `) as unknown,
    });
    await expect(guard(sql)).rejects.toThrow(problem);
  });
});

describe('a time limit', () => {
  const BOMB = `SELECT count(*) FROM flights a, flights b, flights c, flights d WHERE hash(a.n, b.n, c.n, d.n) % 7 = 1`;
  const bomb = (millis: number, signal?: AbortSignal) =>
    engine.session(async (session) => {
      await session.run('CREATE TEMP TABLE flights AS SELECT range AS n FROM range(100000)');
      const where = 'the query';
      const failure = await session
        .limitTime({ millis, where }, () => session.rows(BOMB))
        .catch((error: unknown) => error);
      // the session goes on
      return { failure, after: signal?.aborted ? [] : await session.rows('SELECT 1 AS one') };
    }, signal);

  test('stops a cross join, and the session stays usable', async () => {
    const { failure, after } = await bomb(200);
    expect(failure).toMatchObject({
      code: 'LIMIT_EXCEEDED',
      message: expect.stringContaining('the query: it ran for longer than 0.2 s') as unknown,
    });
    expect(after).toEqual([{ one: 1 }]);
  });

  test('leaves cancellation what it is', async () => {
    const { failure } = await bomb(60_000, AbortSignal.timeout(200));
    expect(failure).toMatchObject({ code: 'CANCELLED' });
  });

  test('leaves what is fast alone', async () => {
    const rows = await engine.session((session) =>
      session.limitTime({ millis: 60_000, where: 'the query' }, () => session.rows('SELECT 1 AS one')),
    );
    expect(rows).toEqual([{ one: 1 }]);
  });

  test('a list as long as memory is an error, and the engine goes on', async () => {
    const huge = await engine
      .session((session) => session.rows('SELECT len(range(1000000000000)) AS n'))
      .catch((error: unknown) => error);
    expect(huge).toHaveProperty('code', expect.stringMatching(/^ENGINE_/));
    expect(await engine.session((session) => session.rows('SELECT 1 AS one'))).toEqual([{ one: 1 }]);
  });
});
