/** A dataset's rows once more, from what its build was decided to be: pinned snapshots, the spine's copy, the plan. */
import { copyFile } from 'node:fs/promises';
import { randomUUID } from 'node:crypto';
import type { DatasetManifest } from '../catalog/catalog.ts';
import type { FileReference } from '../contracts/lake.ts';
import type { DefinitionRuntime } from '../contracts/plan.ts';
import type { Lake } from '../lake/lake.ts';
import { recorded } from '../lake/recorded-file.ts';
import { checkReference } from '../lake/file-check.ts';
import { stagingFilePath } from '../lake/paths.ts';
import { compareRows, type PairedSide, type RowComparison } from './dataset-comparison.ts';
import { openDatasetRows } from './dataset-rows.ts';
import { keyColumnsOf } from './dataset-split.ts';
import type { RetrievalDependencies } from './retrieval.ts';
import {
  assemblePlannedRange,
  computePlannedUnit,
  summarizeRetrieval,
  type RetrievalPlan,
} from './staged-retrieval.ts';

/**
 * The plan of a build that repeats another one in a directory of its own, with its own copy of the spine. Throws
 * `LAKE_FILE_CORRUPT` when the spine's copy is not what it was.
 */
export async function repeatRetrieval(
  lake: Lake,
  retrieval: RetrievalPlan,
  directory: string,
  shards = retrieval.shards,
): Promise<RetrievalPlan> {
  const uri = `${directory}/spine.parquet`;
  await copyFile(await lake.checkedPath(recorded(retrieval.spine)), await lake.stagingPath(uri));
  const { bytes, checksum } = await lake.publish(uri);
  const spine = { ...retrieval.spine, uri, bytes, checksum };
  return { ...retrieval, directory, spine, shards, units: retrieval.groups.length * shards };
}

export interface Verification {
  /** Files of the version that are missing or not what they were. */
  readonly damaged: readonly { readonly path: string; readonly problem: string }[];
  /** The stored rows beside those computed now; null when a file is damaged. */
  readonly values: RowComparison | null;
}

/**
 * Computes the rows of a version again and compares every value with the stored one. Works below the lake's staging
 * folder and leaves nothing there.
 */
export async function verifyDataset(
  dependencies: RetrievalDependencies & { readonly runtime: DefinitionRuntime },
  dataset: DatasetManifest,
  retrieval: RetrievalPlan,
): Promise<Verification> {
  const { engine, lake, signal } = dependencies;
  const damaged: { path: string; problem: string }[] = [];
  for (const file of [dataset.spine, ...(dataset.plan ? [dataset.plan] : []), ...dataset.files]) {
    const problem = await checkReference(lake, file);
    if (problem !== undefined) damaged.push({ path: file.uri, problem });
  }
  if (damaged.length > 0) return { damaged, values: null };
  const directory = stagingFilePath(`verify-${randomUUID()}`, 'again');
  const again: RetrievalPlan = { ...retrieval, directory };
  try {
    for (let unit = 0; unit < again.units; unit++) await computePlannedUnit(dependencies, again, unit);
    for (let range = 0; range < again.ranges; range++) await assemblePlannedRange(dependencies, again, range);
    const { files, rows } = await summarizeRetrieval(dependencies, again);
    const values = await engine.session(async (session) => {
      const side = async (from: readonly FileReference[], count: number): Promise<PairedSide> => ({
        rows: await openDatasetRows(session, lake, from),
        count,
        spine: dataset.spine,
        keys: keyColumnsOf(retrieval),
      });
      const [stored, computed] = [await side(dataset.files, dataset.rows), await side(files, rows)];
      return compareRows(session, lake, stored, computed, 'position');
    }, signal);
    return { damaged, values };
  } finally {
    await removeBelow(lake, `${directory}/`);
  }
}

/** Every object below a prefix. */
async function removeBelow(lake: Lake, prefix: string): Promise<void> {
  const paths: string[] = [];
  for await (const { path } of lake.list(prefix)) paths.push(path);
  for (const path of paths) await lake.remove(path);
}
