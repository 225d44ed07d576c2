/** A retrieval in little memory, in too little, and onto a full disk. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { categorical, entity, featureView, fileSource, numeric } from '../../../definitions/language.ts';
import { openEngine } from '../../../engine/duckdb.ts';
import type { Engine } from '../../../engine/engine.ts';
import { literalText } from '../../../engine/sql.ts';
import { ingestQuery, openFixture, retrieve, writeParquet, type OfflineFixture } from './offline-fixture.ts';

const user = entity('user', { keys: { user: 'int64' } });
const visits = fileSource('visits', {
  path: 'visits.parquet',
  timestamp: 'ts',
  created: 'loaded',
  schema: { ts: 'timestamp', loaded: 'timestamp', user: 'int64', amount: 'float64', page: 'string' },
});
const latest = featureView('latest', {
  entities: [user],
  source: visits,
  ttl: '2d',
  features: { amount: numeric(), page: categorical() },
});

const USERS = 5000;
const START = "TIMESTAMP '2024-01-01'";
const instant = (salt: number): string => `${START} + to_microseconds((hash(i, ${salt}) % 2592000000000)::BIGINT)`;
const who = (salt: number): string => `(hash(i, ${salt}) % ${USERS})::BIGINT AS user`;

let fixture: OfflineFixture;
let spine: string;
beforeAll(async () => {
  fixture = await openFixture({ user, visits, latest });
  await ingestQuery(
    fixture,
    'visits',
    `SELECT ${instant(1)} AS ts, ${instant(1)} + INTERVAL 1 HOUR AS loaded, ${who(2)}, i / 7.0 AS amount, 'page ' || i AS page
     FROM range(300000) t(i)`,
    1,
  );
  spine = await writeParquet(
    fixture,
    'spine.parquet',
    `SELECT ${who(3)}, ${instant(4)} AS event_timestamp, i AS extra FROM range(200000) t(i)`,
  );
});
afterAll(() => fixture.close());

async function withLimit<T>(memoryLimit: string, work: (limited: OfflineFixture) => Promise<T>): Promise<T> {
  const engine: Engine = await openEngine({
    memoryLimit,
    threads: 2,
    tempDirectory: join(fixture.directory, `spill-${memoryLimit}`),
    allowedDirectories: [...fixture.lake.directories, fixture.directory],
  });
  try {
    return await work({ ...fixture, engine });
  } finally {
    await engine.close();
  }
}

const request = { features: ['latest'] };

test('more requests than fit at once give the same rows, in shards', { timeout: 300_000 }, async () => {
  const { path: whole } = await retrieve(fixture, { spine, request, output: 'whole.parquet' });
  const { path: parts } = await withLimit('100MB', (limited) =>
    retrieve(limited, { spine, request, output: 'parts.parquet' }),
  );
  const [row] = await fixture.engine.session((session) =>
    session.rows(`SELECT count(*) AS rows, count(*) FILTER (w IS DISTINCT FROM p) AS differing, count(w.latest__page) AS found
FROM read_parquet(${literalText(whole)}) w POSITIONAL JOIN read_parquet(${literalText(parts)}) p`),
  );
  expect(row).toMatchObject({ rows: 200_000n, differing: 0n });
  expect(row!['found']).toBeGreaterThan(100_000n);
});

test(
  'a limit that is too small is an error that says what to change, and leaves nothing',
  { timeout: 300_000 },
  async () => {
    const output = join('small', 'out.parquet');
    const retrieval = withLimit('8MB', (limited) => retrieve(limited, { spine, request, output }));
    await expect(retrieval).rejects.toMatchObject({ code: 'ENGINE_OUT_OF_MEMORY' });
    await expect(retrieval).rejects.toThrow(/raise ASOF_MEMORY_LIMIT/);
    expect(existsSync(join(fixture.directory, output))).toBe(false);
    expect(readdirSync(join(fixture.directory, 'work'))).toEqual([]);
  },
);

// mounting needs root
test.skipIf(process.getuid?.() !== 0)('a full disk leaves no file', { timeout: 300_000 }, async () => {
  const full = join(fixture.directory, 'full');
  mkdirSync(full);
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', full]);
  try {
    await expect(retrieve(fixture, { spine, request, output: join('full', 'out.parquet') })).rejects.toMatchObject({
      code: 'DISK_FULL',
    });
    expect(readdirSync(full)).toEqual([]);
  } finally {
    execFileSync('umount', [full]);
  }
});
