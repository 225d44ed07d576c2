/** Rows of a view in its own table, without a workflow around it. */
import { randomUUID } from 'node:crypto';
import type { FeatureViewManifest } from '../../../contracts/manifest.ts';
import type { TimeRange } from '../../../contracts/lake.ts';
import { sourceTable, viewTable } from '../../../offline/view-coverage.ts';
import { writeViewInterval } from '../../../offline/view-table.ts';
import { newCommit } from '../../support/commits.ts';
import { storedSource, type OfflineFixture } from './offline-fixture.ts';

export function featureViewOf(fixture: OfflineFixture, name: string): FeatureViewManifest {
  return fixture.manifest.views.find((candidate) => candidate.name === name) as FeatureViewManifest;
}

/** The files of one interval, not committed, with tiles however few rows they stand for; and the snapshot that was read. */
export async function writeInterval(fixture: OfflineFixture, name: string, range: TimeRange) {
  const { project, catalog, lake, engine } = fixture;
  const view = featureViewOf(fixture, name);
  const source = storedSource(fixture, view.source);
  const snapshot = await catalog.tables.head(sourceTable(project, source));
  const written = await engine.session((session) =>
    writeViewInterval(
      { session, lake, tables: catalog.tables },
      { project, view, source, snapshot, range, rowsPerTile: 0 },
    ),
  );
  return { snapshot, ...written };
}

/** What a backfill does for one interval. */
export async function backfillView(fixture: OfflineFixture, name: string, range: TimeRange): Promise<void> {
  const { project, catalog } = fixture;
  const { snapshot, rows, ...written } = await writeInterval(fixture, name, range);
  await catalog.tables.commit(
    newCommit({
      table: viewTable(project, featureViewOf(fixture, name)),
      operation: 'replace',
      base: written.base,
      add: written.add,
      remove: written.remove,
      ledger: [
        {
          ...ledgerChange(fixture, { view: name, range, operation: 'done', inputSnapshot: snapshot }),
          ...{ rowsIn: rows, rowsOut: rows },
        },
      ],
    }),
  );
}

export function ledgerChange(
  fixture: OfflineFixture,
  change: {
    readonly view: string;
    readonly range: TimeRange;
    readonly operation: 'done' | 'dirty';
    readonly inputSnapshot: number;
  },
) {
  const { name, fingerprint } = featureViewOf(fixture, change.view);
  const key = { project: fixture.project, view: name, fingerprint, store: 'offline' } as const;
  return { ...change, ...key, idempotencyKey: randomUUID(), runId: 'run', rowsIn: 0, rowsOut: 0 };
}
