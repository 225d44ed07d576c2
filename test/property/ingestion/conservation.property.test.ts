import { mkdtemp, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { FileFormat } from '../../../contracts/manifest.ts';
import { floorToGrid, formatInstant, MICROS_PER_DAY } from '../../../contracts/time.ts';
import { openEngine } from '../../../engine/duckdb.ts';
import type { Engine } from '../../../engine/engine.ts';
import { literalTextList } from '../../../engine/sql.ts';
import { conserve } from '../../../ingestion/day-counts.ts';
import { stageInputs } from '../../../ingestion/staged-group.ts';
import type { StagedInput } from '../../../ingestion/staged-table.ts';
import { LocalLake } from '../../../lake/local-lake.ts';
import type { Lake } from '../../../lake/lake.ts';
import { openSource } from '../../../sources/open-source.ts';
import { expectationOf, sourceOf } from '../../integration/ingestion/fixtures.ts';

let directory: string;
let engine: Engine;
let lake: Lake;
beforeAll(async () => {
  directory = await realpath(await mkdtemp(join(tmpdir(), 'asof-conservation-')));
  lake = await LocalLake.open(join(directory, 'lake'), 'p');
  const tempDirectory = join(directory, 'spill');
  engine = await openEngine({ memoryLimit: '512MB', threads: 2, tempDirectory, allowedDirectories: [directory] });
});
afterAll(async () => {
  await engine.close();
  await rm(directory, { recursive: true });
});

/** A value as text in a file; null is an empty CSV field or a JSON null. */
interface Row {
  readonly ts: string | null;
  readonly key: string | null;
  readonly n: string | null;
}

const instant = fc.bigInt({ min: -2n * 86_400_000_000n, max: 3n * 86_400_000_000n });
const row: fc.Arbitrary<Row> = fc.record({
  ts: fc.oneof(
    { arbitrary: instant.map(formatInstant), weight: 8 },
    { arbitrary: fc.constantFrom(null, 'never', '2024-02-30'), weight: 1 },
  ),
  key: fc.oneof(fc.constantFrom(null, '', 'a,b', 'say "so"', 'two\nlines', ' '), fc.string({ unit: 'grapheme-ascii' })),
  n: fc.oneof(
    { arbitrary: fc.integer({ min: -20, max: 120 }).map(String), weight: 8 },
    { arbitrary: fc.constantFrom(null, 'x', '1.5', '9223372036854775808'), weight: 1 },
  ),
});
const input = fc.array(row, { maxLength: 12 });

function render(format: FileFormat, rows: readonly Row[]): string {
  if (format === 'jsonl') return rows.map((each) => `${JSON.stringify(each)}\n`).join('') || '\n';
  const field = (text: string | null): string => (text === null ? '' : `"${text.replaceAll('"', '""')}"`);
  return ['ts,key,n', ...rows.map(({ ts, key, n }) => [ts, key, n].map(field).join(','))]
    .map((line) => `${line}\n`)
    .join('');
}

const readInstant = (text: string | null): bigint | null =>
  text === null || !text.endsWith('Z') ? null : BigInt(Date.parse(text)) * 1000n + BigInt(text.slice(-4, -1));

/** What the source's contract and rules say of a row, without any of the code under test. */
function isKept({ ts, key, n }: Row): boolean {
  const number = n === null ? null : /^-?\d{1,3}$/.test(n) ? Number(n) : undefined;
  return (
    readInstant(ts) !== null &&
    key !== null &&
    number !== undefined &&
    (number === null || (number >= 0 && number <= 100))
  );
}

test('rows in are rows committed and rows quarantined, each where it belongs', async () => {
  let run = 0;
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom<FileFormat>('csv', 'jsonl'),
      fc.array(input, { minLength: 1, maxLength: 3 }),
      async (format, inputs) => {
        run += 1;
        const quarantine = { onFailure: 'quarantine' } as const;
        const source = sourceOf(
          join(directory, `${run}-*.${format}`),
          { ts: 'timestamp', key: 'string', n: 'int64' },
          {
            format,
            contract: { columns: 'evolve', types: 'quarantine' },
            expectations: [
              expectationOf('expect_column_values_to_not_be_null', { column: 'ts' }, quarantine),
              expectationOf('expect_column_values_to_not_be_null', { column: 'key' }, quarantine),
              expectationOf(
                'expect_column_values_to_be_between',
                { column: 'n', min_value: 0, max_value: 100 },
                quarantine,
              ),
            ],
          },
        );
        for (const [index, rows] of inputs.entries())
          await writeFile(join(directory, `${run}-${index}.${format}`), render(format, rows));

        const { group, stored, rejected } = await engine.session(async (session) => {
          const opened = openSource(source);
          const staged: StagedInput[] = [];
          for (const [index, file] of (await opened.list()).entries()) {
            expect(await opened.count(session, file)).toBe(inputs[index]?.length);
            const reading = await opened.read(session, file);
            staged.push({ reading, sequenceStart: BigInt(index * 100), take: null, skip: [] });
          }
          const made = await stageInputs(lake, session, { source, inputs: staged, runId: 'r' });
          const read = async (paths: readonly string[], order: string) => {
            if (paths.length === 0) return [];
            const local = await Promise.all(paths.map((path) => lake.localPath(path)));
            return session.rows(`SELECT * FROM read_parquet(${literalTextList(local)}) ORDER BY ${order}`);
          };
          return {
            group: made,
            stored: await read(
              made.files.map(({ path }) => path),
              '__seq',
            ),
            rejected: await read(
              made.quarantine.map(({ path }) => path),
              '__seq',
            ),
          };
        });

        const all = inputs.flatMap((rows, index) =>
          rows.map((each, place) => ({ ...each, sequence: BigInt(index * 100 + place) })),
        );
        expect(stored).toEqual(
          all.filter(isKept).map(({ ts, key, n, sequence }) => ({
            ts: readInstant(ts),
            key,
            n: n === null ? null : BigInt(n),
            __seq: sequence,
          })),
        );
        expect(rejected.map(({ __seq }) => __seq)).toEqual(
          all.filter((each) => !isKept(each)).map(({ sequence }) => sequence),
        );
        for (const [index, bad] of all.filter((each) => !isKept(each)).entries()) {
          const { sequence: _, ...values } = bad;
          expect(JSON.parse(rejected[index]?.['raw'] as string)).toEqual(values);
        }

        const conservation = conserve({ committed: group.committedDays, quarantined: group.quarantinedDays });
        const dayOf = ({ ts }: Row): string => {
          const event = readInstant(ts);
          return event === null ? 'none' : String(floorToGrid(event, MICROS_PER_DAY));
        };
        const counted = Object.fromEntries(
          conservation.map(({ range, rowsIn }) => [range.from === range.to ? 'none' : String(range.from), rowsIn]),
        );
        const expected: Record<string, number> = {};
        for (const each of all) expected[dayOf(each)] = (expected[dayOf(each)] ?? 0) + 1;
        expect(counted).toEqual(expected);
        expect(conservation.every(({ rowsIn, committed, quarantined }) => rowsIn === committed + quarantined)).toBe(
          true,
        );
      },
    ),
    { numRuns: 25 },
  );
});
