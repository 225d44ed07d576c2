/** A Spark that is down, that fails half-way, and that is told to stop: a clear error, and nothing under a final name. */
import { appendFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import type { CommittedFile } from '../../../contracts/lake.ts';
import { count, entity, featureView, fileSource, numeric, sum } from '../../../definitions/language.ts';
import { resolveFeatures } from '../../../definitions/resolution.ts';
import type { Spark } from '../../../engine/spark/spark.ts';
import { askSparkVersion, openSpark } from '../../../engine/spark/thrift-spark.ts';
import { computePlannedUnit, planRetrieval, type RetrievalPlan } from '../../../offline/staged-retrieval.ts';
import type { RetrievalDependencies } from '../../../offline/retrieval.ts';
import { examineComponents } from '../../../stack/doctor.ts';
import { newSourceFilePath } from '../../../lake/paths.ts';
import { newCommit } from '../../support/commits.ts';
import { settingsFor } from '../../support/settings.ts';
import { ingest, openFixture, storedSource, writeText, type OfflineFixture } from '../offline/offline-fixture.ts';

const user = entity('user', { keys: { user: 'int64' } });
const buys = fileSource('buys', {
  path: 'buys.parquet',
  timestamp: 'ts',
  schema: { ts: 'timestamp', user: 'int64', price: 'int64' },
});
const last = featureView('last', { entities: [user], source: buys, engine: 'spark', features: { price: numeric() } });
const sales = featureView('sales', {
  entities: [user],
  source: buys,
  features: { n: count({ window: '1d' }), total: sum('price', { window: 'all' }) },
});

/** Ends only when somebody ends it. */
const ENDLESS = 'SELECT count(*) FROM range(100000000) a JOIN range(100000000) b ON a.id % 7 = b.id % 3';
const DOWN = 'thrift://127.0.0.1:1';

let spark: Spark;
let fixture: OfflineFixture;
let spine: string;
beforeAll(async () => {
  spark = openSpark(inject('sparkUrl'));
  fixture = await openFixture({ user, buys, last, sales });
  await ingest(fixture, 'buys', [`'2024-01-01 10:00:00', 1, 5`, `'2024-01-01 11:00:00', 1, ${2n ** 62n}`], 1);
  spine = writeText(fixture, 'spine.csv', 'user,event_timestamp\n1,2024-01-01T12:00:00Z\n2,2024-01-01T12:00:00Z\n');
});
afterAll(() => fixture.close());

function dependencies(by: Spark | undefined, signal?: AbortSignal): RetrievalDependencies {
  const { engine, lake, catalog, directory } = fixture;
  const setup = by && { spark: by, autoAboveBytes: 0 };
  return { engine, lake, tables: catalog.tables, workDirectory: join(directory, 'work'), spark: setup, signal };
}

async function planOf(feature: string, directory: string): Promise<RetrievalPlan> {
  return planRetrieval(dependencies(spark), {
    project: fixture.project,
    plan: resolveFeatures(fixture.manifest, { features: [feature] }),
    spine: { kind: 'spine', path: spine },
    asKnown: false,
    shortNames: false,
    engine: 'spark',
    shards: 1,
    directory,
  });
}

async function paths(prefix: string): Promise<readonly string[]> {
  const found: string[] = [];
  for await (const { path } of fixture.lake.list(prefix)) found.push(path);
  return found;
}

/** Whatever went wrong, there is no unit and nothing is left of the work on it. */
async function expectNothing(directory: string): Promise<void> {
  expect(await paths(`${directory}/units/`)).toEqual([]);
  expect(await paths('staging/spark-')).toEqual([]);
}

describe('a Spark that is down', { timeout: 300_000 }, () => {
  test('is said to be, and leaves nothing', async () => {
    const retrieval = await planOf('last', 'datasets/d/down');
    const failed = computePlannedUnit(dependencies(openSpark(DOWN)), retrieval, 0);
    await expect(failed).rejects.toMatchObject({ code: 'SPARK_UNAVAILABLE', retryable: true });
    await expect(failed).rejects.toThrow(/thrift:\/\/127\.0\.0\.1:1: .*ECONNREFUSED.*SPARK_URL/);
    await expectNothing('datasets/d/down');
  });

  test('is found by the doctor, as one that works is', async () => {
    const directory = join(fixture.directory, 'doctor');
    const find = async (url: string) =>
      (await examineComponents(settingsFor(directory, { spark: { url, autoAboveBytes: 0 } }))).find(
        ({ name }) => name === 'spark',
      );
    expect(await find(DOWN)).toMatchObject({ state: 'broken', mend: expect.stringContaining('SPARK_URL') as string });
    const version = (await askSparkVersion(spark)).split(' ', 1)[0];
    expect(await find(inject('sparkUrl'))).toMatchObject({
      state: 'ok',
      detail: expect.stringContaining(version!) as string,
    });
  });

  test('is no error where no view asks for it', async () => {
    const { project, manifest } = fixture;
    const asked = {
      project,
      plan: resolveFeatures(manifest, { features: ['sales'] }),
      spine: { kind: 'spine', path: spine },
      asKnown: false,
      shortNames: false,
      directory: 'datasets/d/none',
    } as const;
    const { engines } = await planRetrieval(dependencies(undefined), asked);
    expect(engines?.['sales']).toMatchObject({ engine: 'duckdb', why: 'no Spark is configured' });
    const wanted = { ...asked, plan: resolveFeatures(manifest, { features: ['last'] }) };
    await expect(planRetrieval(dependencies(undefined), wanted)).rejects.toMatchObject({ code: 'COMPONENT_MISSING' });
  });
});

describe('a job that fails', { timeout: 300_000 }, () => {
  test('on a sum beyond int64 is an overflow of the feature', async () => {
    await ingest(fixture, 'buys', [`'2024-01-01 11:30:00', 1, ${2n ** 62n}`], 10);
    const retrieval = await planOf('sales', 'datasets/d/overflow');
    const failed = computePlannedUnit(dependencies(spark), retrieval, 0);
    await expect(failed).rejects.toMatchObject({ code: 'INTEGER_OVERFLOW' });
    await expect(failed).rejects.toThrow(/sales:total.*"price"/);
    await expectNothing('datasets/d/overflow');
  });

  test('half-way says why in its own words, without the frames of Java', async () => {
    await ingest(fixture, 'buys', [`'2024-01-01 11:45:00', 2, 1`], 20);
    const damaged = await newestFile();
    await commitNoise(damaged);
    const retrieval = await planOf('last', 'datasets/d/broken');
    const failed = computePlannedUnit(dependencies(spark), retrieval, 0);
    await expect(failed).rejects.toMatchObject({ code: 'SPARK_FAILED', retryable: true });
    await expect(failed).rejects.toThrow(/is not a Parquet file/);
    await expect(failed).rejects.not.toThrow(/\tat org\.apache/);
    await expectNothing('datasets/d/broken');
  });

  test('is not begun over a file that is not what was committed', async () => {
    const { path } = await newestFile();
    appendFileSync(await fixture.lake.localPath(path), 'x');
    const retrieval = await planOf('last', 'datasets/d/damaged');
    const failed = computePlannedUnit(dependencies(spark), retrieval, 0);
    await expect(failed).rejects.toMatchObject({ code: 'LAKE_FILE_CORRUPT', details: { path } });
    await expectNothing('datasets/d/damaged');
  });
});

function table() {
  return { project: fixture.project, kind: 'source', name: storedSource(fixture, 'buys').name, version: '' } as const;
}

async function newestFile(): Promise<CommittedFile> {
  const { files } = await fixture.catalog.tables.files(table());
  return files.toSorted((a, b) => a.addedBy - b.addedBy).at(-1)!;
}

/** Puts a file in place of another that is as it was written, and no Parquet. */
async function commitNoise(old: CommittedFile): Promise<void> {
  const { catalog, lake } = fixture;
  const file = newSourceFilePath('buys', 0n);
  const facts = await lake.write(file.path, Buffer.alloc(100, 'x'));
  const { addedBy: base, rowsFrom: _, ...rest } = old;
  const add = [{ ...rest, ...file, ...facts }];
  await catalog.tables.commit(newCommit({ table: table(), operation: 'replace', base, add, remove: [old.id] }));
}

describe('a statement', { timeout: 300_000 }, () => {
  test('that is cancelled ends in Spark too: its core is free for the next one', async () => {
    const controller = new AbortController();
    const running = spark.session((session) => session.run(ENDLESS, () => controller.abort()), controller.signal);
    await expect(running).rejects.toMatchObject({ code: 'CANCELLED' });
    const rows = await spark.session((session) => session.rows('SELECT CAST(count(*) AS STRING) AS n FROM range(10)'));
    expect(rows).toEqual([{ n: '10' }]);
  });

  test('keeps any text, and takes none of it for a variable', async () => {
    const rows = await spark.session((session) =>
      session.rows("SELECT '${env:HOME}' AS text, CAST(NULL AS STRING) AS no"),
    );
    expect(rows).toEqual([{ text: '${env:HOME}', no: null }]);
  });
});
