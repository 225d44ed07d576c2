/** What the catalog is told of a Parquet file. */
import { expect, test } from 'vitest';
import { literalText } from '../../../engine/sql.ts';
import { newSourceFilePath } from '../../../lake/paths.ts';
import { publishDataFile } from '../../../lake/tables.ts';
import { eachInLakeWorld, type LakeWorld } from './lake-world.ts';

let world: LakeWorld;
eachInLakeWorld((opened) => (world = opened));

test('counts, ranges and stored types', async () => {
  const select = `SELECT * FROM (VALUES
    (TIMESTAMP '2024-01-02', TIMESTAMP '2024-01-03', 7::BIGINT, [1, 2]::FLOAT[2], 'a', ['x'], true, 9::BIGINT),
    (TIMESTAMP '1969-12-31 23:59:59.999999', NULL, NULL, NULL, NULL, NULL, NULL, ${2n ** 53n + 1n}::BIGINT)
  ) AS t("at", loaded, delay, vector, name, tags, late, __seq)`;
  const file = newSourceFilePath('flights', 0n);
  const described = await world.engine.session(async (session) => {
    const staged = literalText(await world.lake.stagingPath(file.path));
    await session.run(`COPY (${select}) TO ${staged} (FORMAT parquet)`);
    return publishDataFile(world.lake, session, file, {
      eventColumn: 'at',
      createdColumn: 'loaded',
      vectors: { vector: 'float32[2]' },
    });
  });
  const found = await world.lake.stat(file.path);
  expect(described).toMatchObject({
    ...file,
    rows: 2,
    bytes: found?.bytes,
    minEvent: -1n,
    maxEvent: 1_704_153_600_000_000n,
    maxCreated: 1_704_240_000_000_000n,
    minSequence: 9n,
    maxSequence: 2n ** 53n + 1n,
    bucket: null,
    columns: [
      { name: 'at', type: 'timestamp' },
      { name: 'loaded', type: 'timestamp' },
      { name: 'delay', type: 'int64' },
      { name: 'vector', type: 'float32[2]' },
      { name: 'name', type: 'string' },
      { name: 'tags', type: 'string[]' },
      { name: 'late', type: 'boolean' },
      { name: '__seq', type: 'int64' },
    ],
    statistics: [
      { name: 'at', nulls: 0, bytes: expect.any(Number) as number, min: '-1', max: '1704153600000000' },
      {
        name: 'loaded',
        nulls: 1,
        bytes: expect.any(Number) as number,
        min: '1704240000000000',
        max: '1704240000000000',
      },
      { name: 'delay', nulls: 1, bytes: expect.any(Number) as number, min: '7', max: '7' },
      { name: 'vector', nulls: 1, bytes: expect.any(Number) as number, min: null, max: null },
      { name: 'name', nulls: 1, bytes: expect.any(Number) as number, min: 'a', max: 'a' },
      { name: 'tags', nulls: 1, bytes: expect.any(Number) as number, min: null, max: null },
      { name: 'late', nulls: 1, bytes: expect.any(Number) as number, min: 'true', max: 'true' },
      { name: '__seq', nulls: 0, bytes: expect.any(Number) as number, min: '9', max: '9007199254740993' },
    ],
  });
});

test('the bounds of long text are cut, and still bound every value', async () => {
  const texts = [`${'a'.repeat(64)}z`, `${'é'.repeat(64)}🙂`, `${'\u{10FFFF}'.repeat(70)}`];
  const bounds = [];
  for (const text of texts) {
    const select = `SELECT make_timestamp(0) AS at, NULL::TIMESTAMP AS loaded, ${literalText(text)} AS key`;
    const file = await world.publishRows(newSourceFilePath('flights', 0n), select);
    bounds.push(file.statistics?.find(({ name }) => name === 'key'));
  }
  expect(bounds).toEqual([
    {
      name: 'key',
      nulls: 0,
      bytes: expect.any(Number) as number,
      min: 'a'.repeat(64),
      max: `${'a'.repeat(64)}\u{10FFFF}`,
    },
    {
      name: 'key',
      nulls: 0,
      bytes: expect.any(Number) as number,
      min: 'é'.repeat(64),
      max: `${'é'.repeat(64)}\u{10FFFF}`,
    },
    { name: 'key', nulls: 0, bytes: expect.any(Number) as number, min: '\u{10FFFF}'.repeat(64), max: null },
  ]);
});

test('an empty file has no ranges', async () => {
  const file = await world.sourceFile(0, 0);
  expect(file).toMatchObject({ rows: 0, minEvent: null, maxEvent: null, minSequence: null, maxSequence: null });
});

test('a type that the lake does not store is refused by name', async () => {
  const publishing = world.publishRows(
    newSourceFilePath('flights', 0n),
    `SELECT make_timestamp(0) AS at, NULL::TIMESTAMP AS loaded, DATE '2024-01-01' AS day`,
  );
  await expect(publishing).rejects.toMatchObject({
    code: 'INTERNAL',
    message: expect.stringContaining('column "day" has the type DATE') as string,
  });
});
