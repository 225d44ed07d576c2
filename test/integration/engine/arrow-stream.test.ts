/** Arrow streams of engine columns, read by other implementations than the one that wrote them. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { tableFromIPC } from 'apache-arrow';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { arrowSql } from '../../../engine/arrow-shape.ts';
import { arrowStream, type ArrowColumn } from '../../../engine/arrow-stream.ts';
import { openEngine } from '../../../engine/duckdb.ts';
import type { Engine } from '../../../engine/engine.ts';
import { quoteIdentifier } from '../../../engine/sql.ts';
import { streamFromSession } from '../../../offline/session-stream.ts';

const root = mkdtempSync(join(tmpdir(), 'asof-arrow-'));
let engine: Engine;

beforeAll(async () => {
  engine = await openEngine({ memoryLimit: '512MB', threads: 2, tempDirectory: root, allowedDirectories: [root] });
});
afterAll(async () => {
  await engine.close();
  rmSync(root, { recursive: true });
});

/** The stream of a query's rows, message by message. */
function streamOf(select: string): AsyncGenerator<Uint8Array> {
  return streamFromSession(
    engine,
    async (session): Promise<readonly ArrowColumn[]> =>
      (await session.rows(`DESCRIBE ${select}`)).map((row) => ({
        name: String(row['column_name']),
        type: String(row['column_type']),
      })),
    (session, columns) => {
      const list = columns.map(({ name, type }, index) => `${arrowSql(quoteIdentifier(name), type)} AS c${index}`);
      return arrowStream(columns, session.stream(`SELECT ${list.join(', ')} FROM (${select})`));
    },
  );
}

async function bytesOf(select: string): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of streamOf(select)) chunks.push(chunk);
  return Buffer.concat(chunks);
}

const EVERY_TYPE = `SELECT * FROM (VALUES
  (true, 9223372036854775807::BIGINT, -7::TINYINT, 1.5::FLOAT, 'nan'::DOUBLE, 'ü "x", 🙂', TIMESTAMP '0001-01-01 00:00:00.000001',
   [1, NULL, -9223372036854775808]::BIGINT[], ['a', NULL], [1.5, 2.5]::FLOAT[2], DATE '1969-12-31', 12.34::DECIMAL(9, 2),
   TIMESTAMPTZ '2024-01-01 02:00:00+02', {'a': 1}, 4294967295::UINTEGER),
  (NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
  (false, -9223372036854775808, 127, 'inf', '-inf', '', TIMESTAMP '9999-12-31 23:59:59.999999',
   [], [], [NULL, '-0']::FLOAT[2], DATE '2024-02-29', -0.01, TIMESTAMPTZ '1969-12-31 23:59:59.999999Z', {'a': NULL}, 0)
) t(flag, big, tiny, single, double, text, instant, bigs, texts, vector, day, money, zoned, struct, unsigned)`;

test('every type of the engine arrives without loss', async () => {
  const table = tableFromIPC(await bytesOf(EVERY_TYPE));
  const types = Object.fromEntries(table.schema.fields.map(({ name, type }) => [name, String(type)]));
  expect(types).toEqual({
    flag: 'Bool',
    big: 'Int64',
    tiny: 'Int32',
    single: 'Float32',
    double: 'Float64',
    text: 'Utf8',
    instant: 'Timestamp<MICROSECOND, UTC>',
    bigs: 'List<Int64>',
    texts: 'List<Utf8>',
    vector: 'FixedSizeList[2]<Float32>',
    day: 'Date32<DAY>',
    money: 'Utf8',
    zoned: 'Timestamp<MICROSECOND, UTC>',
    struct: 'Utf8',
    unsigned: 'Int64',
  });
  const column = (name: string) => [...table.getChild(name)!] as unknown[];
  expect(column('flag')).toEqual([true, null, false]);
  expect(column('big')).toEqual([9223372036854775807n, null, -9223372036854775808n]);
  expect(column('tiny')).toEqual([-7, null, 127]);
  expect(column('single')).toEqual([1.5, null, Infinity]);
  expect(column('double')).toEqual([Number.NaN, null, -Infinity]);
  expect(column('text')).toEqual(['ü "x", 🙂', null, '']);
  expect(column('bigs').map((list) => (list === null ? null : [...(list as Iterable<unknown>)]))).toEqual([
    [1n, null, -9223372036854775808n],
    null,
    [],
  ]);
  expect(column('texts').map((list) => (list === null ? null : [...(list as Iterable<unknown>)]))).toEqual([
    ['a', null],
    null,
    [],
  ]);
  expect(column('money')).toEqual(['12.34', null, '-0.01']);
  expect(column('struct')).toEqual(['{"a":1}', null, '{"a":null}']);
  expect(column('unsigned')).toEqual([4294967295n, null, 0n]);
  // the reader shows instants as milliseconds; the values themselves keep their microseconds
  const micros = (name: string) => table.getChild(name)!.data[0]!.values as BigInt64Array;
  expect(micros('instant')[0]).toBe(-62_135_596_799_999_999n);
  expect(micros('instant')[2]).toBe(253_402_300_799_999_999n);
  expect(micros('zoned')[0]).toBe(1_704_067_200_000_000n);
  expect(micros('zoned')[2]).toBe(-1n);
});

const python = join(homedir(), '.cache/asof/bench/bin/python');

test.runIf(existsSync(python))('pyarrow reads the same', async () => {
  const file = join(root, 'every-type.arrows');
  writeFileSync(file, await bytesOf(EVERY_TYPE));
  const script = `
import json, sys, pyarrow as pa
table = pa.ipc.open_stream(sys.argv[1]).read_all()
table.validate(full=True)
micros = lambda name: table[name].cast(pa.int64()).to_pylist()
print(json.dumps({"schema": [str(f.type) for f in table.schema], "big": [str(v) for v in table["big"].to_pylist()],
  "instant": micros("instant"), "zoned": micros("zoned"), "day": [str(v) for v in table["day"].to_pylist()],
  "bigs": [str(v) for v in table["bigs"].to_pylist()], "vector": [str(v) for v in table["vector"].to_pylist()],
  "text": table["text"].to_pylist(), "double": [str(v) for v in table["double"].to_pylist()]}))`;
  const read = JSON.parse(execFileSync(python, ['-c', script, file], { encoding: 'utf8' })) as unknown;
  expect(read).toEqual({
    schema: [
      ...['bool', 'int64', 'int32', 'float', 'double', 'string', 'timestamp[us, tz=UTC]', 'list<item: int64>'],
      ...['list<item: string>', 'fixed_size_list<item: float>[2]', 'date32[day]', 'string', 'timestamp[us, tz=UTC]'],
      ...['string', 'int64'],
    ],
    big: ['9223372036854775807', 'None', '-9223372036854775808'],
    instant: [-62_135_596_799_999_999, null, 253_402_300_799_999_999],
    zoned: [1_704_067_200_000_000, null, -1],
    day: ['1969-12-31', 'None', '2024-02-29'],
    bigs: ['[1, None, -9223372036854775808]', 'None', '[]'],
    vector: ['[1.5, 2.5]', 'None', '[None, -0.0]'],
    text: ['ü "x", 🙂', null, ''],
    double: ['nan', 'None', '-inf'],
  });
});

test('no rows are a schema', async () => {
  const table = tableFromIPC(await bytesOf('SELECT 1::BIGINT AS a WHERE false'));
  expect([table.numRows, String(table.schema.fields[0])]).toEqual([0, 'a: Int64']);
});

test('many batches are one table, in order', async () => {
  const rows = 600_000;
  const select = `SELECT range AS n, CASE WHEN range % 3 > 0 THEN range::VARCHAR END AS t FROM range(${rows})`;
  const table = tableFromIPC(await bytesOf(select));
  expect(table.numRows).toBe(rows);
  expect(table.getChild('t')!.nullCount).toBe(rows / 3);
  for (const row of [0, 1, 2047, 2048, 245_760, rows - 1]) {
    expect(table.get(row)?.toJSON()).toEqual({ n: BigInt(row), t: row % 3 > 0 ? String(row) : null });
  }
});

test('a batch of more text than 32-bit offsets hold is halved', async () => {
  const select = `SELECT repeat('x', 1000000) AS t FROM range(100)`;
  let messages = 0;
  let bytes = 0;
  for await (const chunk of streamOf(select)) {
    messages += 1;
    bytes += chunk.byteLength;
  }
  // schema, two halves, end
  expect(messages).toBe(4);
  expect(bytes).toBeGreaterThan(100 * 1_000_000);
});

describe('a reader', () => {
  test('that stops early gives the session back', async () => {
    for (let round = 0; round < 3; round++) {
      for await (const chunk of streamOf('SELECT range AS n FROM range(1000000)')) if (chunk.byteLength > 1000) break;
    }
    // a session that was left open would keep its spool
    const [held] = await engine.session((session) =>
      session.rows(`SELECT count(*) AS n FROM duckdb_tables() WHERE table_name LIKE '__spool%'`),
    );
    expect(held).toEqual({ n: 0n });
  });

  test('hears of a failure on the way', async () => {
    const failing = bytesOf(
      `SELECT CASE WHEN range = 300000 THEN error('broken') ELSE range END AS n FROM range(400000)`,
    );
    await expect(failing).rejects.toThrow('broken');
  });
});
