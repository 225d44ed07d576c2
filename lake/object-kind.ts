/** Which objects belong to a commit or a dataset, and which nobody mentions. */
import type { Lake } from './lake.ts';
import { objectPath } from './object-path.ts';
import { DATASETS, QUARANTINE, SOURCES, STAGING, VIEWS } from './paths.ts';

/**
 * `known`: mentioned by the catalog. `staging`: work in progress. `orphan`: written for a commit that did not happen.
 * `other`: outside the folders of the layout, so not the lake's business.
 */
export type ObjectKind = 'known' | 'staging' | 'orphan' | 'other';

const COMMITTED_FOLDERS: readonly string[] = [SOURCES, QUARANTINE, VIEWS, DATASETS];
/** `datasets/<name>/<build>` */
const DATASET_DIRECTORY_PARTS = 3;

/** Tells the kind of a path, given `knownPaths` of the catalog (paths, or addresses of this lake). */
export function objectKinds(lake: Pick<Lake, 'url'>, knownPaths: ReadonlySet<string>): (path: string) => ObjectKind {
  const known = new Set<string>();
  for (const name of knownPaths) {
    const path = objectPath(lake, name);
    if (path !== undefined) known.add(path);
  }
  const datasets = new Set([...known].map(datasetDirectory));
  return (path) => {
    const folder = path.split('/', 1)[0] ?? '';
    if (folder === STAGING) return 'staging';
    if (!COMMITTED_FOLDERS.includes(folder)) return 'other';
    // a dataset's manifest and notes stand beside the files that its catalog entry lists
    const directory = datasetDirectory(path);
    return known.has(path) || (directory !== undefined && datasets.has(directory)) ? 'known' : 'orphan';
  };
}

function datasetDirectory(path: string): string | undefined {
  const parts = path.split('/');
  if (parts[0] !== DATASETS || parts.length <= DATASET_DIRECTORY_PARTS) return undefined;
  return parts.slice(0, DATASET_DIRECTORY_PARTS).join('/');
}
