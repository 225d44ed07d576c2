/** A pack through the whole path: Parquet files, ingestion, a lake, and the join from file to file. */
import { randomUUID } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { FeatureViewManifest } from '../../../contracts/manifest.ts';
import type { TimeRange } from '../../../contracts/lake.ts';
import { storedType } from '../../../contracts/values.ts';
import { resolveFeatures } from '../../../definitions/resolution.ts';
import type { EngineRow, Session } from '../../../engine/engine.ts';
import { literalText, quoteIdentifier, sqlType } from '../../../engine/sql.ts';
import { auditIngestion } from '../../../ingestion/audit-ingestion.ts';
import { planIngestion } from '../../../ingestion/plan-ingestion.ts';
import { publishIngestion } from '../../../ingestion/publish-ingestion.ts';
import { stageGroup } from '../../../ingestion/stage-group.ts';
import type { Leakage } from '../../../offline/assembly.ts';
import { sourceTable, viewTable } from '../../../offline/view-coverage.ts';
import { writeViewInterval } from '../../../offline/view-table.ts';
import { newCommit } from '../../support/commits.ts';
import { FILE_NAMES, type PackedRow } from '../../world/packed/arbitrary-pack.ts';
import { isSameValue } from '../../world/matches-answer.ts';
import { answerPack, type Pack, type PackAnswers } from '../../world/packed/pack.ts';
import { PACK_COLUMNS, packDefinitions, PACK_VIEWS } from '../../world/packed/pack-definitions.ts';
import { openFixture, readParquet, retrieve, storedSource, type OfflineFixture } from './offline-fixture.ts';

export interface PackedMistake {
  /** Position among the pack's requests. */
  readonly request: number;
  readonly column: string;
  readonly expected: unknown;
  readonly got: unknown;
}

/** Ranges of event time whose rows views have tables of their own for. */
export interface BackfilledRanges {
  readonly views: readonly string[];
  readonly ranges: readonly TimeRange[];
}

/** Runs the pack and compares every value of every request, and the number of leaks of every column. */
export async function checkPack(pack: Pack, backfilled?: BackfilledRanges): Promise<readonly PackedMistake[]> {
  const fixture = await openFixture(packDefinitions(pack.kind));
  try {
    await ingestPack(fixture, pack);
    if (backfilled) await backfill(fixture, backfilled);
    const plan = resolveFeatures(fixture.manifest, { features: PACK_VIEWS });
    const expected = answerPack(pack, plan);
    const { rows, leakage } = await ask(fixture, pack, backfilled !== undefined);
    return [...compareValues(rows, expected), ...compareLeaks(leakage, expected)];
  } finally {
    await fixture.close();
  }
}

async function ingestPack(fixture: OfflineFixture, { rows }: Pack): Promise<void> {
  const { catalog, lake, engine, manifest, directory } = fixture;
  mkdirSync(join(directory, 'rows'));
  for (const [file, name] of FILE_NAMES.entries()) {
    const own = rows.filter((row) => row.file === file);
    await engine.session((session) => writeRows(session, own, join(directory, 'rows', name)));
  }
  const dependencies = { catalog, lake, engine };
  const plan = await planIngestion(dependencies, { manifest, source: 'rows', runId: randomUUID() });
  for (let group = 0; group < plan.groups; group++) await stageGroup(dependencies, { planUri: plan.planUri, group });
  await auditIngestion(dependencies, { planUri: plan.planUri });
  await publishIngestion(dependencies, { planUri: plan.planUri });
}

async function writeRows(session: Session, rows: readonly PackedRow[], path: string): Promise<void> {
  const columns = Object.entries(PACK_COLUMNS).map(
    ([name, type]) => `${quoteIdentifier(name)} ${sqlType(storedType(type))}`,
  );
  await session.run(`CREATE TEMP TABLE packed_rows (${columns.join(', ')})`);
  const valueColumns = Object.keys(PACK_COLUMNS).slice(2, -2) as (keyof PackedRow['values'])[];
  await session.append('packed_rows', [
    ...[0, 1].map((key) => ({ values: rows.map(({ keys }) => keys[key]!) })),
    ...valueColumns.map((name) => ({ values: rows.map(({ values }) => values[name]) })),
    { values: rows.map(({ event }) => event) },
    { values: rows.map(({ created }) => created) },
  ]);
  await session.run(`COPY packed_rows TO ${literalText(path)} (FORMAT parquet)`);
}

async function backfill(fixture: OfflineFixture, { views, ranges }: BackfilledRanges): Promise<void> {
  const { project, catalog, lake, engine, manifest } = fixture;
  const source = storedSource(fixture, 'rows');
  const snapshot = await catalog.tables.head(sourceTable(project, source));
  for (const view of manifest.views.filter(({ name }) => views.includes(name)) as FeatureViewManifest[]) {
    for (const range of ranges) {
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
}

async function ask(
  fixture: OfflineFixture,
  { requests, kind }: Pack,
  viewTables: boolean,
): Promise<{ readonly rows: readonly EngineRow[]; readonly leakage: Leakage }> {
  const spine = join(fixture.directory, 'spine.parquet');
  await fixture.engine.session(async (session) => {
    await session.run('CREATE TEMP TABLE packed_spine (name VARCHAR, code BIGINT, event_timestamp TIMESTAMP)');
    await session.append('packed_spine', [
      ...[0, 1].map((key) => ({ values: requests.map(({ keys }) => keys[key]!) })),
      { values: requests.map(({ at }) => at) },
    ]);
    await session.run(`COPY packed_spine TO ${literalText(spine)} (FORMAT parquet)`);
  });
  const options = { asKnown: kind.asKnown };
  const asked = { spine, request: { features: PACK_VIEWS }, output: 'packed.parquet', viewTables, options };
  const { path, leakage } = await retrieve(fixture, asked);
  return { rows: await readParquet(fixture, path), leakage };
}

function compareValues(rows: readonly EngineRow[], expected: PackAnswers): readonly PackedMistake[] {
  if (rows.length !== expected.length) {
    return [{ request: 0, column: 'number of rows', expected: expected.length, got: rows.length }];
  }
  return expected.flatMap((answers, request) =>
    [...answers].flatMap(([column, { value, tolerance }]): PackedMistake[] => {
      const got = rows[request]![column]!;
      return isSameValue(got, value, tolerance) ? [] : [{ request, column, expected: value, got }];
    }),
  );
}

function compareLeaks(leakage: Leakage, expected: PackAnswers): readonly PackedMistake[] {
  return [...expected[0]!.keys()].flatMap((column): PackedMistake[] => {
    const leaks = expected.map((answers) => answers.get(column)!.leak);
    const wanted = leaks.includes(null) ? 'unknown' : leaks.filter(Boolean).length;
    return leakage[column] === wanted
      ? []
      : [{ request: 0, column: `leaks of ${column}`, expected: wanted, got: leakage[column] }];
  });
}
