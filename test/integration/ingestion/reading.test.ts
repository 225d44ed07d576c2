import { symlink, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parseInstant } from '../../../contracts/time.ts';
import type { FileSourceManifest } from '../../../contracts/manifest.ts';
import type { Engine, EngineRow } from '../../../engine/engine.ts';
import { literalText } from '../../../engine/sql.ts';
import { castTo } from '../../../sources/cast.ts';
import { openSource } from '../../../sources/open-source.ts';
import { faultyValue } from '../../../sources/reading.ts';
import { openFolder, openTestEngine, sourceOf, type Folder } from './fixtures.ts';

let folder: Folder;
let engine: Engine;
let files = 0;

beforeAll(async () => {
  folder = await openFolder();
  engine = await openTestEngine(folder);
});
afterAll(async () => {
  await engine.close();
  await folder[Symbol.asyncDispose]();
});

const write = (extension: string, content: string | Uint8Array): Promise<string> =>
  folder.write(`input-${++files}.${extension}`, content);

/** All rows of all inputs, with the text of the first fault. */
async function readAll(source: FileSourceManifest) {
  const inputs = await openSource(source).list();
  return engine.session(async (session) => {
    const rows: EngineRow[] = [];
    const columns: string[] = [];
    let fault: string | undefined;
    for (const input of inputs) {
      const opened = openSource(source);
      expect(await opened.count(session, input)).toBeGreaterThanOrEqual(0);
      const reading = await opened.read(session, input);
      columns.push(...reading.columns.map(({ name, type }) => `${name}:${type}`));
      const found = await session.rows(`SELECT * FROM (${reading.sql}) ORDER BY __row`);
      rows.push(...found);
      const bad = found.find((row) => row['__fault'] !== null);
      const check = bad && reading.checks[(bad['__fault'] as number) - 1];
      if (bad && check) {
        const row = bad['__row'] as bigint;
        fault ??= `row ${row + 1n} ${check.column}: ${await faultyValue(session, reading, check, row)} as ${check.type}`;
      }
    }
    return { rows: rows.map(({ __row, __fault, ...row }) => row), columns, fault, inputs };
  });
}

describe('text formats', () => {
  test('CSV keeps 64 bits, tells null from the empty string, and reads quoted line breaks', async () => {
    const path = await write(
      'csv',
      '\uFEFFts,n,s\r\n2024-01-01,9007199254740993,\r\n2024-01-02,,""\r\n,1,"a\nb, ""c"""\r\n',
    );
    const { rows, columns } = await readAll(sourceOf(path, { ts: 'timestamp', n: 'int64', s: 'string' }));
    expect(columns).toEqual(['ts:timestamp', 'n:int64', 's:string']);
    expect(rows).toEqual([
      { ts: parseInstant('2024-01-01'), n: 9007199254740993n, s: null },
      { ts: parseInstant('2024-01-02'), n: null, s: '' },
      { ts: null, n: 1n, s: 'a\nb, "c"' },
    ]);
  });

  test('JSON Lines keeps every digit and reads integers given as text', async () => {
    const path = await write(
      'jsonl',
      '{"ts":"2024-01-01T00:00:00Z","n":9007199254740993,"f":0.1}\n{"ts":null,"n":"-9223372036854775808","f":"NaN"}\n{}\n',
    );
    const { rows } = await readAll(sourceOf(path, { ts: 'timestamp', n: 'int64', f: 'float64' }));
    expect(rows).toEqual([
      { ts: parseInstant('2024-01-01'), n: 9007199254740993n, f: 0.1 },
      { ts: null, n: -9223372036854775808n, f: Number.NaN },
      { ts: null, n: null, f: null },
    ]);
  });

  test('lists and vectors are JSON arrays in CSV too', async () => {
    const csv = await write('csv', 'ts,tags,nums,v\n2024-01-01,"[""a"",null]","[9007199254740993]","[0.5,1]"\n');
    const jsonl = await write('jsonl', '{"ts":"2024-01-01","tags":["a",null],"nums":[9007199254740993],"v":[0.5,1]}\n');
    const schema = { ts: 'timestamp', tags: 'string[]', nums: 'int64[]', v: 'float32[2]' } as const;
    const expected = { ts: parseInstant('2024-01-01'), tags: ['a', null], nums: [9007199254740993n], v: [0.5, 1] };
    expect((await readAll(sourceOf(csv, schema))).rows).toEqual([expected]);
    expect((await readAll(sourceOf(jsonl, schema))).rows).toEqual([expected]);
  });

  test.each([
    ['int64', '5.7', 'abc', '9223372036854775808', '1_000', '0x10', '1e3', ' 5', '""'],
    ['float64', '1e400', '0x10', '1_0', 'abc', '1,5'],
    ['boolean', 'yes', '2', 'tru'],
    [
      'timestamp',
      '2024-02-30',
      '2024-1-1',
      '2024-01-31T25:00',
      'infinity',
      '2024-01-31T12:00:00+99:99',
      '12:00',
      '1704067200',
    ],
    ['timestamp[s]', '9223372036854775807', '2024-01-01', '1.5'],
    ['int64[]', '"[1,2"', '"[1.5]"', '"{}"', '5'],
    ['float32[2]', '"[1]"', '"[1,null]"', '"[1,1e300]"', '"[1,2,3]"'],
  ] as const)('%s refuses what is not one', async (type, ...texts) => {
    for (const text of texts) {
      const quoted = text.startsWith('"') || !text.includes(',') ? text : `"${text}"`;
      const path = await write('csv', `ts,x,y\n2024-01-01,,z\n2024-01-01,${quoted},z\n`);
      const { fault } = await readAll(sourceOf(path, { ts: 'timestamp', x: type }));
      expect(fault, text).toBe(`row 2 x: ${JSON.stringify(text.replace(/^"|"$/g, ''))} as ${type}`);
    }
  });

  test.each([
    ['int64', '5', 5n],
    ['int64', '+5', 5n],
    ['int64', '-5.00', -5n],
    ['float64', '-1.5e-3', -0.0015],
    ['float64', '-Infinity', Number.NEGATIVE_INFINITY],
    ['boolean', 'TRUE', true],
    ['boolean', '0', false],
    ['timestamp[s]', '1704067200', 1704067200000000n],
    ['timestamp[ms]', '-1', -1000n],
    ['timestamp[us]', '1704067200000001', 1704067200000001n],
  ] as const)('%s reads %s', async (type, text, value) => {
    const path = await write('csv', `ts,x\n2024-01-01,${text}\n`);
    const { rows, fault } = await readAll(sourceOf(path, { ts: 'timestamp', x: type }));
    expect(fault).toBeUndefined();
    expect(rows[0]?.['x']).toBe(value);
  });

  test('timestamps are read as parseInstant reads them', async () => {
    const texts = ['2024-01-31', '2024-01-31T12:00', '2024-01-31 12:00:05', '2024-01-31T12:00:00.123456789'].flatMap(
      (clock) => ['', 'Z', 'z', '+05:30', '-0530', '+02', ' +02:00'].map((zone) => clock + zone),
    );
    texts.push(
      '2024-01-31T12:00:00,5Z',
      '1969-12-31T23:59:59.999999Z',
      '2024-01-31T24:00:00',
      '0001-01-01',
      '9999-12-31',
    );
    const list = texts.map((text, index) => `(${index}, ${literalText(text)})`).join(', ');
    const sql = `SELECT ${castTo('timestamp', 'x', 'VARCHAR', null)} AS t FROM (VALUES ${list}) v(i, x) ORDER BY i`;
    const rows = await engine.session((session) => session.rows(sql));
    expect(rows.map(({ t }) => t)).toEqual(texts.map(parseInstant));
  });

  test('timestamps without a zone are read in the declared one, clock changes included', async () => {
    const path = await write(
      'csv',
      'ts\n2024-07-01T12:00:00\n2024-01-01 12:00\n2024-01-01T12:00:00Z\n2024-03-10T02:30:00\n2024-01-01\n2024-01-01T12:00+01:00\n',
    );
    const { rows } = await readAll(sourceOf(path, { ts: 'timestamp' }, { timezone: 'America/New_York' }));
    expect(rows.map(({ ts }) => ts)).toEqual(
      [
        '2024-07-01T16:00',
        '2024-01-01T17:00',
        '2024-01-01T12:00',
        '2024-03-10T07:30',
        '2024-01-01T05:00',
        '2024-01-01T11:00',
      ].map(parseInstant),
    );
  });
});

describe('columns', () => {
  test('rename, extra columns kept, and their order', async () => {
    const path = await write('csv', ',ORIGIN,ts,More\n0,ORD,2024-01-01,x\n');
    const { rows, columns } = await readAll(
      sourceOf(path, { ts: 'timestamp', origin: 'string' }, { rename: { origin: 'ORIGIN' } }),
    );
    expect(columns).toEqual(['ts:timestamp', 'origin:string', 'column0:string', 'More:string']);
    expect(rows).toEqual([{ ts: parseInstant('2024-01-01'), origin: 'ORD', column0: '0', More: 'x' }]);
  });

  test('a contract may freeze, discard or quarantine extra columns', async () => {
    const path = await write('csv', 'ts,x\n2024-01-01,\n2024-01-01,1\n');
    const read = (columns: 'freeze' | 'discard' | 'quarantine') =>
      readAll(sourceOf(path, { ts: 'timestamp' }, { contract: { columns, types: 'freeze' } }));
    await expect(read('freeze')).rejects.toThrow(/columns that the source does not declare.*"x"/);
    expect((await read('discard')).columns).toEqual(['ts:timestamp']);
    expect((await read('quarantine')).fault).toBe('row 2 x: "1" as column of this source');
  });

  test('a missing column names those that are there', async () => {
    const path = await write('csv', 'ts,a\n');
    await expect(readAll(sourceOf(path, { ts: 'timestamp', b: 'string' }))).rejects.toThrow(
      `events: ${path} has no column "b"; it has: ts, a`,
    );
  });

  test('names that differ in case only, and reserved ones, are refused', async () => {
    const twin = await write('csv', 'ts,x,X\n2024-01-01,1,2\n');
    await expect(readAll(sourceOf(twin, { ts: 'timestamp' }))).rejects.toThrow(
      /"x" and "X" have the same name but for case/,
    );
    const reserved = await write('csv', 'ts,__seq\n2024-01-01,1\n');
    await expect(readAll(sourceOf(reserved, { ts: 'timestamp' }))).rejects.toThrow(/"__seq" is reserved/);
  });
});

describe('inputs', () => {
  test('are listed in byte order, once, by glob', async () => {
    for (const name of ['g/b.csv', 'g/a.csv', 'g/deep/c.csv', 'g/.hidden.csv', 'g/\u{1F600}.csv', 'g/\uFF5E.csv']) {
      await folder.write(name, 'ts\n2024-01-01\n');
    }
    const names = async (pattern: string) =>
      (await openSource(sourceOf(join(folder.path, pattern), { ts: 'timestamp' })).list()).map(({ path }) =>
        path.slice(folder.path.length + 3),
      );
    expect(await names('g/*.csv')).toEqual(['a.csv', 'b.csv', '\uFF5E.csv', '\u{1F600}.csv']);
    expect(await names('g/**/[!b].csv')).toEqual(['a.csv', 'deep/c.csv', '\uFF5E.csv', '\u{1F600}.csv']);
    expect(await names('g/{a,b,a}.csv')).toEqual(['a.csv', 'b.csv']);
    await expect(names('g/none-*.csv')).rejects.toThrow(/nothing matches .*none-\*\.csv/);
  });

  test('a name with pattern characters is itself', async () => {
    const path = await folder.write('odd [1]*.csv', 'ts\n2024-01-01\n');
    expect((await readAll(sourceOf(path, { ts: 'timestamp' }))).rows).toHaveLength(1);
  });

  test.each([
    ['csv', '', 'it is empty (0 bytes)'],
    ['parquet', 'PAR1 and then nothing', 'cannot be read'],
    ['csv', 'ts,a\n2024-01-01,1\n2024-01-02\n', 'Expected Number of Columns: 2 Found: 1'],
    ['csv', 'ts,a\n2024-01-01,"half', 'unterminated quote'],
    ['csv', Buffer.from([0x74, 0x73, 0x0a, 0xff, 0xfe, 0x0a]), 'not utf-8'],
    ['jsonl', '{"ts":"2024-01-01"}\n{"ts":', 'Malformed JSON'],
    ['jsonl', '{"ts":"2024-01-01"}\n[1]\n', 'row 2: it is not a JSON object'],
  ] as const)('an unreadable %s input is an error: %j', async (extension, content, text) => {
    const path = await write(extension, content);
    const read = readAll(sourceOf(path, { ts: 'timestamp' }, { contract: { columns: 'discard', types: 'freeze' } }));
    await expect(read).rejects.toThrow(text);
    await expect(read).rejects.toThrow(path);
  });

  test('no rows are no error', async () => {
    const csv = await write('csv', 'ts');
    expect((await readAll(sourceOf(csv, { ts: 'timestamp' }))).rows).toEqual([]);
    const jsonl = await write('jsonl', '\n');
    expect((await readAll(sourceOf(jsonl, { ts: 'timestamp' }))).rows).toEqual([]);
    const parquet = join(folder.path, 'none.parquet');
    const nothing = "SELECT TIMESTAMP '2024-01-01' AS ts WHERE false";
    await engine.session((session) => session.run(`COPY (${nothing}) TO ${literalText(parquet)} (FORMAT parquet)`));
    expect((await readAll(sourceOf(parquet, { ts: 'timestamp' }))).rows).toEqual([]);
  });

  test('a change after listing and a link out of the directory are errors', async () => {
    const path = await write('csv', 'ts\n2024-01-01\n');
    const source = openSource(sourceOf(path, { ts: 'timestamp' }));
    const [input] = await source.list();
    await source.requireUnchanged(input!);
    await utimes(path, 1, 1);
    await expect(source.requireUnchanged(input!)).rejects.toThrow(/changed while it was being ingested/);
    await symlink('/etc/passwd', join(folder.path, 'link.csv'));
    const link = openSource(sourceOf(join(folder.path, 'link.csv'), { ts: 'timestamp' }));
    await expect(link.list()).rejects.toThrow(/leads out of/);
  });
});

describe('Parquet', () => {
  /** The rows of a Parquet file made by `select`, read under the schema. */
  async function readParquet(
    select: string,
    schema: Parameters<typeof sourceOf>[1],
    options: Parameters<typeof sourceOf>[2] = {},
  ) {
    const path = join(folder.path, `input-${++files}.parquet`);
    await engine.session((session) => session.run(`COPY (${select}) TO ${literalText(path)} (FORMAT parquet)`));
    return readAll(sourceOf(path, schema, options));
  }

  test('other physical types of the same values are taken', async () => {
    const select = `SELECT DATE '2024-01-01' AS ts, 5::SMALLINT AS a, 5.0::DOUBLE AS b, 5.00::DECIMAL(9, 2) AS c, 7::INTEGER AS d,
      [1::INTEGER, NULL] AS e, [0.5::DOUBLE, 1] AS f, 1704067200::BIGINT AS g, TIMESTAMPTZ '2024-01-01 02:00:00+02' AS h, 1.5::FLOAT AS i`;
    const { rows, fault } = await readParquet(select, {
      ts: 'timestamp',
      a: 'int64',
      b: 'int64',
      c: 'int64',
      d: 'string',
      e: 'int64[]',
      f: 'float32[2]',
      g: 'timestamp[s]',
      h: 'timestamp',
      i: 'float64',
    });
    const day = parseInstant('2024-01-01');
    expect(fault).toBeUndefined();
    expect(rows).toEqual([
      { ts: day, a: 5n, b: 5n, c: 5n, d: '7', e: [1n, null], f: [0.5, 1], g: day, h: day, i: 1.5 },
    ]);
  });

  test.each([
    ['5.5::DOUBLE', 'int64', 'row 1 x: "5.5" as int64'],
    ['9007199254740994::DOUBLE', 'int64', 'row 1 x: "9007199254740994.0" as int64'],
    ['1704067200::BIGINT', 'timestamp', 'row 1 x: "1704067200" as timestamp'],
    ["'abc'", 'int64', 'row 1 x: "abc" as int64'],
    ['true', 'int64', 'row 1 x: "true" as int64'],
    ['[1, 2, 3]', 'float32[2]', 'row 1 x: "[1, 2, 3]" as float32[2]'],
  ] as const)('%s is not a valid %s', async (value, type, fault) => {
    expect(
      (await readParquet(`SELECT DATE '2024-01-01' AS ts, ${value} AS x`, { ts: 'timestamp', x: type })).fault,
    ).toBe(fault);
  });

  test('extra columns keep their kind, and a declared zone places wall-clock times', async () => {
    const select = `SELECT TIMESTAMP '2024-07-01 12:00:00' AS ts, 1::TINYINT AS i, 1.5::DECIMAL(4, 1) AS d, {'a': 1} AS s, ['x'] AS l`;
    const { rows, columns } = await readParquet(select, { ts: 'timestamp' }, { timezone: 'Europe/Berlin' });
    expect(columns).toEqual(['ts:timestamp', 'i:int64', 'd:float64', 's:string', 'l:string[]']);
    expect(rows).toEqual([{ ts: parseInstant('2024-07-01T10:00:00Z'), i: 1n, d: 1.5, s: "{'a': 1}", l: ['x'] }]);
  });
});
