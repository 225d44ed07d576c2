/** `asof stats` and `asof drift` as a user runs them: their documents, and the exit code as a gate. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { DriftReport } from '../../../contracts/drift.ts';
import type { ViewStatistics } from '../../../contracts/statistics.ts';
import { readDocument, startCommand, type Outcome } from '../../e2e/support/command.ts';
import { createDatabase, temporaryDirectory, uniqueName } from '../../support/stack.ts';

const MILLIS = 300_000;

const DEFINITIONS = `import { categorical, entity, featureView, numeric, pushSource } from 'asof';
export const user = entity('user', { keys: { user_id: 'int64' } });
export const people = pushSource('people', {
  timestamp: 'at',
  schema: { at: 'timestamp', user_id: 'int64', age: 'float64', town: 'string' },
});
export const profile = featureView('profile', {
  entities: [user], source: people, features: { age: numeric(), town: categorical() },
});
`;

/** 200 rows a day for two days, 30 years older on the second. */
const rows = [0, 1].flatMap((day) =>
  Array.from({ length: 200 }, (_, index) => ({
    user_id: index,
    at: new Date(Date.UTC(2024, 0, 1 + day, 0, index)).toISOString(),
    age: (index % 60) + 30 * day,
    town: index % 2 === 0 ? 'Bern' : 'Chur',
  })),
);

const directory = temporaryDirectory();
let database: Awaited<ReturnType<typeof createDatabase>>;
const asof = (...args: string[]): Promise<Outcome> =>
  startCommand(args, directory.path, { ASOF_CATALOG_URL: database.url }).outcome;

beforeAll(async () => {
  database = await createDatabase();
  const config = `import { defineConfig } from 'asof';
export default defineConfig({ project: '${uniqueName('drift')}', definitions: 'features.ts' });
`;
  writeFileSync(join(directory.path, 'asof.config.ts'), config);
  writeFileSync(join(directory.path, 'features.ts'), DEFINITIONS);
  writeFileSync(join(directory.path, 'rows.jsonl'), rows.map((row) => `${JSON.stringify(row)}\n`).join(''));
  readDocument(await asof('apply', '--yes', '--json'), 0);
  readDocument(await asof('push', 'profile', '--file', 'rows.jsonl', '--to', 'offline', '--json'), 0);
}, MILLIS);
afterAll(async () => {
  await database.drop();
  directory.remove();
});

test(
  'statistics of the last window that has rows',
  async () => {
    const statistics = readDocument<ViewStatistics>(await asof('stats', 'profile', '--window', '7d', '--json'), 0);
    expect(statistics).toMatchObject({ view: 'profile', sampleSize: 400, to: '2024-01-02T03:19:00.000001Z' });
    expect(statistics.features).toMatchObject([
      { feature: 'age', nulls: 0, nullShare: 0, mean: 42.5, min: 0, max: 89 },
      { feature: 'town', distinct: 2, top: [{ count: 200 }, { count: 200 }] },
    ]);
  },
  MILLIS,
);

test.each<readonly [verdict: string, exitCode: number, options: readonly string[]]>([
  ['critical', 3, ['--window', '1d', '--to', '2024-01-03']],
  ['ok', 0, ['--to', '2024-01-02', '--baseline-from', '2024-01-01', '--baseline-to', '2024-01-02']],
  ['insufficient_data', 1, ['--baseline-from', '2023-01-01', '--baseline-to', '2023-01-02']],
])(
  'drift that is %s ends with %i',
  async (verdict, exitCode, options) => {
    const report = readDocument<DriftReport>(await asof('drift', 'profile', ...options, '--json'), exitCode);
    expect(report).toMatchObject({ verdict, notCompared: [], features: [{ feature: 'age' }, { feature: 'town' }] });
  },
  MILLIS,
);

test(
  'half a baseline is wrong usage',
  async () => {
    readDocument(await asof('drift', 'profile', '--baseline-to', '2024-01-01', '--json'), 2);
  },
  MILLIS,
);
