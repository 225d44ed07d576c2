/** A pack through the whole path: Parquet files, ingestion, a lake, and the join from file to file. */
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import type { FeatureViewManifest } from '../../../contracts/manifest.ts';
import type { TimeRange } from '../../../contracts/lake.ts';
import { resolveFeatures } from '../../../definitions/resolution.ts';
import type { EngineRow } from '../../../engine/engine.ts';
import { auditIngestion } from '../../../ingestion/audit-ingestion.ts';
import { planIngestion } from '../../../ingestion/plan-ingestion.ts';
import { publishIngestion } from '../../../ingestion/publish-ingestion.ts';
import { stageGroup } from '../../../ingestion/stage-group.ts';
import type { Leakage } from '../../../offline/leakage.ts';
import { sourceTable, viewTable } from '../../../offline/view-coverage.ts';
import { writeViewInterval } from '../../../offline/view-table.ts';
import type { TopicReader } from '../../../sources/topic-reader.ts';
import { newCommit } from '../../support/commits.ts';
import { findWrongLeaks, findWrongValues, type Mistake } from '../../world/packed/mistakes.ts';
import { packDefinitions } from '../../world/packed/pack-definitions.ts';
import { writeSourceFiles, writeSpineFile } from '../../world/packed/pack-files.ts';
import { answerPack, type Pack } from '../../world/packed/pack.ts';
import { openFixture, readParquet, retrieve, storedSource, type OfflineFixture } from './offline-fixture.ts';

/**
 * Runs the pack and compares every value of every request, and the number of leaks of every column.
 * @param backfilled ranges of event time whose rows the views have tables of their own for
 */
export async function checkPack(pack: Pack, backfilled: readonly TimeRange[] = []): Promise<readonly Mistake[]> {
  const fixture = await openFixture(packDefinitions(pack.kind.source));
  try {
    const { source } = pack.kind;
    await writeSourceFiles(fixture.engine, fixture.directory, source, pack.rows);
    await ingestFiles(fixture, source);
    for (const range of backfilled) await backfill(fixture, source, range);
    const plan = resolveFeatures(fixture.manifest, { features: viewNames(fixture) });
    const expected = answerPack(pack, plan);
    const { rows, leakage } = await ask(fixture, pack, backfilled.length > 0);
    return [...findWrongValues(rows, expected), ...findWrongLeaks(leakage, expected)];
  } finally {
    await fixture.close();
  }
}

/** Ingests the source's files, or what its topic has. */
export async function ingestFiles(
  { catalog, lake, engine, manifest, topics }: OfflineFixture & { readonly topics?: TopicReader },
  source: string,
): Promise<void> {
  const dependencies = { catalog, lake, engine, topics };
  const { planUri, groups } = await planIngestion(dependencies, { manifest, source, runId: randomUUID() });
  for (let group = 0; group < groups; group++) await stageGroup(dependencies, { planUri, group });
  await auditIngestion(dependencies, { planUri });
  await publishIngestion(dependencies, { planUri });
}

async function backfill(fixture: OfflineFixture, name: string, range: TimeRange): Promise<void> {
  const { project, catalog, lake, engine, manifest } = fixture;
  const source = storedSource(fixture, name);
  const snapshot = await catalog.tables.head(sourceTable(project, source));
  for (const view of manifest.views as readonly FeatureViewManifest[]) {
    const written = await engine.session((session) =>
      writeViewInterval({ session, lake, tables: catalog.tables }, { project, view, source, snapshot, range }),
    );
    const entry = { project, view: view.name, fingerprint: view.fingerprint, store: 'offline', range } as const;
    const run = { idempotencyKey: randomUUID(), runId: 'run', rowsIn: written.rows, rowsOut: written.rows };
    await catalog.tables.commit(
      newCommit({
        table: viewTable(project, view),
        operation: 'replace',
        base: written.base,
        add: written.add,
        remove: written.remove,
        ledger: [{ ...entry, ...run, operation: 'done', inputSnapshot: snapshot }],
      }),
    );
  }
}

async function ask(
  fixture: OfflineFixture,
  { requests, kind }: Pack,
  viewTables: boolean,
): Promise<{ readonly rows: readonly EngineRow[]; readonly leakage: Leakage }> {
  const spine = join(fixture.directory, 'spine.parquet');
  await writeSpineFile(fixture.engine, requests, spine);
  const request = { features: viewNames(fixture) };
  const options = { asKnown: kind.asKnown };
  const { path, leakage } = await retrieve(fixture, { spine, request, output: 'packed.parquet', viewTables, options });
  return { rows: await readParquet(fixture, path), leakage };
}

function viewNames({ manifest }: OfflineFixture): readonly string[] {
  return manifest.views.map(({ name }) => name);
}
