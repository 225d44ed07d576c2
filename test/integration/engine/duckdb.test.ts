import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openEngine } from '../../../engine/duckdb.ts';
import type { ColumnBatch, Engine, EngineValue } from '../../../engine/engine.ts';
import { cellOf } from '../../../engine/vector-reader.ts';

const root = mkdtempSync(join(tmpdir(), 'asof-engine-'));
const allowed = join(root, 'allowed');
const outside = join(root, 'outside');
const spill = join(root, 'spill');
let engine: Engine;

beforeAll(async () => {
  mkdirSync(allowed);
  mkdirSync(outside);
  writeFileSync(join(outside, 'secret.csv'), 'a\n1\n');
  engine = await openEngine({
    memoryLimit: '256MB',
    threads: 2,
    tempDirectory: spill,
    allowedDirectories: [allowed],
  });
});

afterAll(async () => {
  await engine.close();
  expect(readdirSync(spill)).toEqual([]);
  rmSync(root, { recursive: true });
});

const rows = (sql: string, parameters?: readonly EngineValue[]) =>
  engine.session((session) => session.rows(sql, parameters));

describe('values', () => {
  test('leave the engine without loss', async () => {
    const [row] = await rows(`SELECT 9223372036854775807::BIGINT big, 1.5::DOUBLE d, 7::INTEGER i, true b, 'x' t,
      make_timestamp(-1) e, NULL::BIGINT n, [1, NULL]::BIGINT[] l, [1, 2]::FLOAT[2] v, DATE '2024-01-31' dt,
      'nan'::DOUBLE nan, 170141183460469231731687303715884105727::HUGEINT h, 1.25::DECIMAL(9,2) m,
      TIMESTAMPTZ '2024-01-01 00:00:00+02' z`);
    expect(row).toEqual({
      big: 9223372036854775807n,
      d: 1.5,
      i: 7,
      b: true,
      t: 'x',
      e: -1n,
      n: null,
      l: [1n, null],
      v: [1, 2],
      dt: '2024-01-31',
      nan: Number.NaN,
      h: 170141183460469231731687303715884105727n,
      m: 1.25,
      z: 1_704_060_000_000_000n,
    });
  });

  test('are bound by type', async () => {
    const [bound] = await rows('SELECT $1 a, $2 b, $3 c, $4 d, $5 e, $6 f, typeof($2) g', [
      "o'brien\\",
      2n ** 60n,
      0.1,
      null,
      true,
      ['x', null],
    ]);
    expect(bound).toEqual({ a: "o'brien\\", b: 2n ** 60n, c: 0.1, d: null, e: true, f: ['x', null], g: 'BIGINT' });
  });
});

describe('streams', () => {
  test('give typed columns in query order', async () => {
    const batches: ColumnBatch[] = [];
    await engine.session(async (session) => {
      const sql = `SELECT range a, make_timestamp(range) t, range / 2 d, range::INTEGER i, 's' || range s,
        CASE WHEN range % 3 = 0 THEN NULL ELSE range END n FROM range(5000) ORDER BY range DESC`;
      for await (const batch of session.stream(sql)) batches.push(batch);
    });
    const [first] = batches;
    expect(first?.columns.map((column) => column.values.constructor.name)).toEqual([
      'BigInt64Array',
      'BigInt64Array',
      'Float64Array',
      'Int32Array',
      'Array',
      'BigInt64Array',
    ]);
    expect(first?.columns[0]?.valid).toBeUndefined();
    const values = batches.flatMap((batch) =>
      Array.from({ length: batch.rows }, (_, row) => batch.columns.map((column) => cellOf(column, row))),
    );
    expect(values).toHaveLength(5000);
    values.forEach((row, index) => {
      const n = BigInt(4999 - index);
      expect(row).toEqual([n, n, Number(n) / 2, Number(n), `s${n}`, n % 3n === 0n ? null : n]);
    });
  });

  test('survive other statements and streams of their session', async () => {
    await engine.session(async (session) => {
      await session.run('CREATE TEMP TABLE copied (a BIGINT)');
      let other = 0;
      for await (const batch of session.stream('SELECT range a FROM range(300000)')) {
        await session.append('copied', [{ values: batch.columns[0]!.values }]);
        if (other === 0)
          for await (const inner of session.stream('SELECT range a FROM range(3000)')) other += inner.rows;
      }
      expect(other).toBe(3000);
      expect(await session.rows('SELECT count(*) n, sum(a)::BIGINT s FROM copied')).toEqual([
        { n: 300000n, s: 44999850000n },
      ]);
      expect(await session.rows(`SELECT count(*) n FROM duckdb_tables() WHERE table_name LIKE '__spool%'`)).toEqual([
        { n: 0n },
      ]);
    });
  });

  test('keep values after their chunk is gone', async () => {
    await engine.session(async (session) => {
      const kept: (readonly [bigint, bigint])[] = [];
      const arrays: BigInt64Array[] = [];
      for await (const batch of session.stream('SELECT range a FROM range(500000)')) {
        const values = batch.columns[0]!.values as BigInt64Array;
        arrays.push(values);
        kept.push([values[0]!, values.at(-1)!]);
      }
      expect(arrays.map((values) => [values[0], values.at(-1)])).toEqual(kept);
    });
  });
});

describe('visits', () => {
  test('give every batch while other calls of the session wait', async () => {
    await engine.session(async (session) => {
      const done: string[] = [];
      let total = 0n;
      const visited = session
        .visit('SELECT range a FROM range(300000)', ({ columns: [a] }) => {
          for (const value of a!.values as BigInt64Array) total += value;
        })
        .then(() => done.push('visit'));
      const counted = session.rows('SELECT 1').then(() => done.push('rows'));
      await Promise.all([visited, counted]);
      expect(total).toBe(44_999_850_000n);
      expect(done).toEqual(['visit', 'rows']);
    });
  });

  test('end with the failure of the statement or of the visitor', async () => {
    await engine.session(async (session) => {
      const late = `SELECT CASE WHEN range = 200000 THEN error('late') END FROM range(300000)`;
      await expect(session.visit(late, () => undefined)).rejects.toMatchObject({ code: 'ENGINE_FAILED' });
      const refuse = (): never => {
        throw new Error('enough');
      };
      await expect(session.visit('SELECT range FROM range(300000)', refuse)).rejects.toThrow('enough');
      expect(await session.rows('SELECT 1 AS one')).toEqual([{ one: 1 }]);
    });
  });
});

test('a visit for which memory runs out on the way fails, and never ends with fewer rows', async () => {
  const file = join(allowed, 'texts.parquet');
  const texts = `SELECT i AS id, repeat(md5(i::VARCHAR), 8) AS text FROM range(400000) t(i)`;
  await engine.session((session) => session.run(`COPY (${texts}) TO '${file}' (FORMAT PARQUET)`));
  const source = `SELECT * FROM read_parquet('${file}')`;
  const select = `SELECT * FROM (${source}) SEMI JOIN (SELECT max(id) AS id FROM (${source}) GROUP BY id) USING (id)`;
  const failedAfter: number[] = [];
  for (let megabytes = 180; megabytes <= 400; megabytes += 20) {
    const settings = { memoryLimit: `${megabytes}MB`, threads: 2, tempDirectory: spill };
    const small = await openEngine({ ...settings, allowedDirectories: [allowed] });
    let read = 0;
    try {
      await small.session((session) => session.visit(select, (batch) => void (read += batch.rows)));
      expect(read, settings.memoryLimit).toBe(400_000);
    } catch (error) {
      expect(error, settings.memoryLimit).toMatchObject({ code: 'ENGINE_OUT_OF_MEMORY' });
      failedAfter.push(read);
    } finally {
      await small.close();
    }
  }
  // some of them with rows given already
  expect(failedAfter.some((rows) => rows > 0)).toBe(true);
});

test('append takes typed arrays, plain values and nulls', async () => {
  await engine.session(async (session) => {
    await session.run(
      'CREATE TEMP TABLE t (a BIGINT, t TIMESTAMP, d DOUBLE, s VARCHAR, b BOOLEAN, l BIGINT[], v FLOAT[2])',
    );
    const count = 5000;
    const ids = BigInt64Array.from({ length: count }, (_, index) => BigInt(index));
    const valid = Uint8Array.from({ length: count }, (_, index) => (index % 2 === 0 ? 1 : 0));
    await session.append('t', [
      { values: ids, valid },
      { values: ids },
      { values: Float64Array.from(ids, Number) },
      { values: Array.from(ids, (id) => (id === 3n ? null : `s${id}`)) },
      { values: Array.from(ids, (id) => id % 2n === 0n) },
      { values: Array.from(ids, (id) => [id, null]) },
      { values: Array.from(ids, () => [0.5, 2]) },
    ]);
    expect(await session.rows('SELECT count(*) n, count(a) a, count(s) s FROM t')).toEqual([
      { n: 5000n, a: 2500n, s: 4999n },
    ]);
    expect(await session.rows('SELECT * FROM t WHERE t = make_timestamp(4998)')).toEqual([
      { a: 4998n, t: 4998n, d: 4998, s: 's4998', b: true, l: [4998n, null], v: [0.5, 2] },
    ]);
  });
});

test('temporary tables end with their session', async () => {
  await engine.session((session) => session.run('CREATE TEMP TABLE gone AS SELECT 1'));
  await expect(rows('SELECT * FROM gone')).rejects.toMatchObject({ code: 'ENGINE_FAILED' });
});

describe('lock down', () => {
  test('files outside the allowed directories are refused', async () => {
    symlinkSync(outside, join(allowed, 'link'));
    for (const path of [join(outside, 'secret.csv'), join(allowed, '..', 'outside', 'secret.csv'), '/etc/passwd']) {
      await expect(rows(`SELECT * FROM read_csv('${path}')`), path).rejects.toMatchObject({ code: 'ENGINE_FAILED' });
    }
    await expect(rows(`COPY (SELECT 1) TO '${join(outside, 'x.csv')}'`)).rejects.toMatchObject({
      code: 'ENGINE_FAILED',
    });
    await expect(rows(`ATTACH '${join(outside, 'x.db')}'`)).rejects.toMatchObject({ code: 'ENGINE_FAILED' });
    expect(existsSync(join(outside, 'x.csv'))).toBe(false);
  });

  test('settings and extensions are refused, allowed files are not', async () => {
    await expect(rows(`SET enable_external_access = true`)).rejects.toMatchObject({ code: 'ENGINE_FAILED' });
    await expect(rows(`LOAD httpfs`)).rejects.toMatchObject({ code: 'ENGINE_FAILED' });
    const file = join(allowed, 'a.parquet');
    await engine.session((session) => session.run(`COPY (SELECT 1 a) TO '${file}'`));
    expect(await rows(`SELECT * FROM read_parquet(?)`, [file])).toEqual([{ a: 1 }]);
  });

  test('one statement at a time', async () => {
    await expect(rows('SELECT 1; SELECT 2')).rejects.toMatchObject({ code: 'ENGINE_FAILED' });
  });
});

describe('failures', () => {
  const ENDLESS = 'SELECT count(*) FROM range(100000000000) a, range(1000000) b WHERE hash(a.range + b.range) = 1';

  test('an aborted signal interrupts the statement', async () => {
    const controller = new AbortController();
    setTimeout(() => controller.abort(), 50);
    const started = performance.now();
    await expect(engine.session((session) => session.rows(ENDLESS), controller.signal)).rejects.toMatchObject({
      code: 'CANCELLED',
    });
    expect(performance.now() - started).toBeLessThan(5000);
  });

  test('a signal aborted before the start runs nothing', async () => {
    await expect(engine.session((session) => session.rows('SELECT 1'), AbortSignal.abort())).rejects.toMatchObject({
      code: 'CANCELLED',
    });
  });

  test('running out of memory has its own code, and work larger than memory spills', async () => {
    await expect(rows(`SELECT list(range)::VARCHAR FROM range(30000000)`)).rejects.toMatchObject({
      code: 'ENGINE_OUT_OF_MEMORY',
    });
    await engine.session(async (session) => {
      await session.run(`CREATE TEMP TABLE big AS SELECT range a, hash(range) b, range + 1 c FROM range(15000000)`);
      expect(await session.rows('SELECT count(*) n FROM big')).toEqual([{ n: 15000000n }]);
    });
  });

  test('an error names the statement', async () => {
    await expect(rows('SELECT nonsense FROM nowhere')).rejects.toThrow(/SELECT nonsense FROM nowhere: .*nowhere/);
  });
});
