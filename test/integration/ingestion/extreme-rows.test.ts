/** Rows at the edges of what there can be, from every kind of file through all steps of an ingestion. */
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { requireInstant } from '../../../contracts/time.ts';
import { literalText } from '../../../engine/sql.ts';
import { checkLake } from '../../../lake/fsck.ts';
import { sourceOf } from './fixtures.ts';
import { eachInWorld, type World } from './world.ts';

let world: World;
eachInWorld((opened) => (world = opened));

const LONG = 'k'.repeat(2 ** 20);
/** ts as text, key, n, x: in the order of event days, as the table has them. */
const ROWS = [
  ['0001-01-01T00:00:00Z', `${LONG}a`, '-9223372036854775808', 'NaN'],
  ['2024-03-31T01:30:00+01:00', `${LONG}b`, '9007199254740993', 'Infinity'],
  // the same hour on the other side of the clock change
  ['2024-03-31T03:30:00+02:00', 'a|b', '0', '-Infinity'],
  ['9999-12-31T23:59:59.999999Z', 'ü"\u{1F600}', '9223372036854775807', '-0'],
] as const;
const EXPECTED = ROWS.map(([ts, key, n, x]) => ({ ts: requireInstant(ts, 'ts'), key, n: BigInt(n), x: Number(x) }));
const schema = { ts: 'timestamp', key: 'string', n: 'int64', x: 'float64' } as const;

const quoted = (text: string): string => `"${text.replaceAll('"', '""')}"`;
const HEADER = 'ts,key,n,x\n';

test.each<[string, () => Promise<unknown>]>([
  [
    'csv',
    () =>
      world.folder.write('a.csv', HEADER + ROWS.map(([ts, key, n, x]) => `${ts},${quoted(key)},${n},${x}\n`).join('')),
  ],
  [
    'jsonl',
    () =>
      world.folder.write('a.jsonl', ROWS.map(([ts, key, n, x]) => `${JSON.stringify({ ts, key, n, x })}\n`).join('')),
  ],
  [
    'parquet',
    () => {
      const values = ROWS.map(
        ([ts, key, n, x]) =>
          `(${literalText(ts)}::TIMESTAMPTZ::TIMESTAMP, ${literalText(key)}, (${n})::BIGINT, '${x}'::DOUBLE)`,
      );
      const select = `SELECT * FROM (VALUES ${values.join(', ')}) t (ts, key, n, x)`;
      const target = literalText(join(world.folder.path, 'a.parquet'));
      return world.engine.session((session) => session.run(`COPY (${select}) TO ${target} (FORMAT parquet)`));
    },
  ],
])(
  'of the first and last years, with keys of a megabyte, NaN and infinities, offsets around a clock change: %s',
  async (extension, write) => {
    await write();
    await world.ingest(sourceOf(join(world.folder.path, `*.${extension}`), schema));
    expect(await world.rows()).toEqual(EXPECTED);
    expect(await world.quarantine()).toEqual([]);
    expect(await checkLake({ ...world, deep: true })).toMatchObject({ problems: [], rows: 4 });
  },
);

test('of a file without any make no snapshot of rows, and do not stand in the way of others', async () => {
  await world.folder.write('a.csv', HEADER);
  const source = sourceOf(join(world.folder.path, '*.csv'), schema);
  await world.ingest(source);
  expect(await world.rows()).toEqual([]);
  await world.folder.write('b.csv', `${HEADER}2024-01-01,a,1,2\n`);
  await world.ingest(source);
  expect(await world.rows()).toMatchObject([{ key: 'a', n: 1n, x: 2 }]);
  expect(await checkLake({ ...world, deep: true })).toMatchObject({ problems: [], orphans: [] });
});
