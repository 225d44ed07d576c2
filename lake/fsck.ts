/** Proves that the lake holds what the catalog says, and that the catalog agrees with itself. */
import { conservationProblems, ledgerProblems, snapshotProblems, tablePath } from './account-check.ts';
import type { LakeProblem } from './account-check.ts';
import { checkDataFile, checkReference } from './file-check.ts';
import { Gate } from './gate.ts';
import type { Lake } from './lake.ts';
import { objectKinds } from './object-kind.ts';
import { unreadableSnapshots, type Unreadable } from './unreadable.ts';
import type { Catalog } from '../catalog/catalog.ts';
import type { Engine } from '../engine/engine.ts';

/** A file on S3 takes the time of a round trip, however small it is. */
const FILES_AT_ONCE = 8;

export interface LakeReport {
  readonly problems: readonly LakeProblem[];
  /** What shows a damaged file, and so cannot be read whole until it is mended. Absent when nothing does. */
  readonly unreadable?: readonly Unreadable[];
  /** Objects that no commit mentions. Harmless: `gc` removes them after its grace. */
  readonly orphans: readonly string[];
  /** Files checked, and the rows that the catalog says they have. */
  readonly files: number;
  readonly rows: number;
}

/**
 * Checks every file of every snapshot that has not expired, and of every dataset of a project: present, with its size, checksum and row count; with
 * `deep`, the ranges of event time, sequence and columns too. Then the accounts: snapshots against files, rows in against rows
 * committed, quarantined and deduplicated, the interval ledger against the view tables. Reads all bytes of the lake.
 */
export async function checkLake(input: {
  readonly catalog: Catalog;
  readonly lake: Lake;
  readonly engine: Engine;
  readonly project: string;
  readonly deep?: boolean;
}): Promise<LakeReport> {
  const { catalog, lake, engine, project, deep = false } = input;
  const problems: LakeProblem[] = [];
  const unreadable: Unreadable[] = [];
  const counts = { files: 0, rows: 0 };

  for (const table of await catalog.tables.list(project)) {
    const snapshots = await catalog.tables.snapshots(table);
    const files = await catalog.tables.everyFile(table);
    const gate = new Gate(FILES_AT_ONCE);
    const found = await Promise.all(
      files.map((file) => gate.through(() => checkDataFile({ lake, engine, file, deep }))),
    );
    const damaged = new Set<string>();
    for (const [index, file] of files.entries()) {
      const problem = found[index];
      if (problem !== undefined) {
        problems.push({ path: file.path, problem });
        damaged.add(file.path);
      }
      counts.files += 1;
      counts.rows += file.rows;
    }
    const shown = await unreadableSnapshots(catalog, table, tablePath(table), damaged);
    if (shown !== undefined) unreadable.push(shown);
    const head = (await catalog.tables.files(table)).files;
    problems.push(...snapshotProblems(table, snapshots, files, head));
    problems.push(...(await conservationProblems(catalog, table, snapshots)));
    problems.push(...(await ledgerProblems(catalog, table, head)));
  }

  for (const dataset of await catalog.datasets.list(project)) {
    const splits = (await catalog.datasets.splits(dataset)).map(({ file }) => file);
    const plan = dataset.plan === null ? [] : [dataset.plan];
    let isDamaged = false;
    for (const reference of [dataset.spine, ...plan, ...dataset.files, ...splits]) {
      const problem = await checkReference(lake, reference);
      if (problem !== undefined) {
        problems.push({ path: reference.uri, problem });
        isDamaged = true;
      }
      counts.files += 1;
      counts.rows += reference.rows;
    }
    if (isDamaged) unreadable.push({ name: `dataset/${dataset.name}@${dataset.version}`, snapshots: [] });
  }

  const orphans = await findOrphans(catalog, lake, project);
  return { problems, ...(unreadable.length > 0 && { unreadable }), orphans, ...counts };
}

async function findOrphans(catalog: Catalog, lake: Lake, project: string): Promise<readonly string[]> {
  const paths: string[] = [];
  for await (const { path } of lake.list('')) paths.push(path);
  // asked after the listing: what was committed in between is known
  const kindOf = objectKinds(lake, await catalog.tables.knownPaths(project));
  return paths.filter((path) => kindOf(path) === 'orphan');
}
