/**
 * The manifest of a dataset version as it stands in the lake beside the rows: what the catalog says of it, with the plan of
 * its build. It is enough to build the version again.
 */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { isAbsolute } from 'node:path';
import type { Catalog, DatasetManifest } from '../catalog/catalog.ts';
import { AsofError, messageOf } from '../contracts/errors.ts';
import { toJsonText } from '../contracts/json-text.ts';
import type { FileReference } from '../contracts/lake.ts';
import { formatInstant } from '../contracts/time.ts';
import type { Lake } from '../lake/lake.ts';
import { planPath, readDatasetPlan, type DatasetPlan } from './dataset-plan.ts';

/** Grows when a reader of before would misunderstand. */
const DATASET_MANIFEST_FORMAT = 1;

/** Of a version in the catalog. */
function manifestPath(directory: string): string {
  return `${directory}/manifest.json`;
}

function manifestDocument(dataset: DatasetManifest, build: DatasetPlan | null): Readonly<Record<string, unknown>> {
  return { format: DATASET_MANIFEST_FORMAT, ...dataset, createdAt: formatInstant(dataset.createdAt), build };
}

/** The whole manifest of a version with its splits, for readers: JSON as `toJsonText` writes it. */
export async function datasetDocument(
  { catalog, lake }: { readonly catalog: Pick<Catalog, 'datasets'>; readonly lake: Lake },
  dataset: DatasetManifest,
): Promise<Readonly<Record<string, unknown>>> {
  const splits = await catalog.datasets.splits(dataset);
  const { build } = await recipeOf(lake, dataset);
  return {
    ...manifestDocument(dataset, build),
    splits: splits.map(({ createdAt, ...split }) => ({ ...split, createdAt: formatInstant(createdAt) })),
  };
}

/** The same bytes each time, so that a repeated publication changes nothing. */
export async function keepManifest(lake: Lake, dataset: DatasetManifest, build: DatasetPlan): Promise<void> {
  const text = `${toJsonText(manifestDocument(dataset, build))}\n`;
  await lake.write(manifestPath(build.retrieval.directory), Buffer.from(text));
}

/** What a version was decided to be, and what it is called. */
export interface DatasetRecipe {
  readonly name: string;
  readonly build: DatasetPlan;
}

/** The plan of a version of the catalog. Throws `LAKE_FILE_CORRUPT` when it is missing or not what it was. */
export async function recipeOf(lake: Lake, dataset: DatasetManifest): Promise<DatasetRecipe> {
  const directory = dataset.spine.uri.slice(0, dataset.spine.uri.lastIndexOf('/'));
  const uri = dataset.plan?.uri ?? planPath(directory);
  if (dataset.plan !== null && (await referenceTo(lake, uri)).checksum !== dataset.plan.checksum) {
    throw new AsofError('LAKE_FILE_CORRUPT', { path: uri, problem: 'its bytes do not match its checksum' });
  }
  return { name: `${dataset.name}@${dataset.version}`, build: await readDatasetPlan(lake, uri) };
}

/**
 * `text` is `name@version`, or the absolute path of a manifest. Throws `UNKNOWN_NAME`, `INPUT_NOT_FOUND`,
 * `INPUT_UNREADABLE`, and `INVALID_VALUE` for the manifest of another project.
 */
export async function findRecipe(
  { catalog, lake }: { readonly catalog: Pick<Catalog, 'datasets'>; readonly lake: Lake },
  project: string,
  text: string,
): Promise<DatasetRecipe> {
  if (!isAbsolute(text)) return recipeOf(lake, await requireDataset(catalog, project, text));
  const recipe = await readManifestFile(text);
  const { project: theirs } = recipe.build.retrieval;
  if (theirs === project) return recipe;
  const problem = `it is a manifest of the project ${theirs}, whose lake and catalog have what it was made from`;
  throw new AsofError('INVALID_VALUE', { where: text, problem });
}

async function readManifestFile(path: string): Promise<DatasetRecipe> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    throw new AsofError('INPUT_NOT_FOUND', { where: 'manifest', path }, error);
  }
  const unreadable = (problem: string): AsofError =>
    new AsofError('INPUT_UNREADABLE', { where: 'manifest', path, problem });
  let document: Partial<DatasetManifest> & { readonly format?: unknown; readonly build?: DatasetPlan | null };
  try {
    document = JSON.parse(text) as typeof document;
  } catch (error) {
    throw unreadable(messageOf(error));
  }
  const { format, name, version, build } = document ?? {};
  if (format !== DATASET_MANIFEST_FORMAT) throw unreadable(`its format is not ${DATASET_MANIFEST_FORMAT}`);
  if (name === undefined || version === undefined || !build?.retrieval?.plan || !build.definitions) {
    throw unreadable('it does not say how the dataset was built; take the output of `asof dataset show NAME@V --json`');
  }
  return { name: `${name}@${version}`, build };
}

/** `name` for the newest version, `name@3` for one. Throws `USAGE` and `UNKNOWN_NAME`. */
export async function requireDataset(
  catalog: Pick<Catalog, 'datasets'>,
  project: string,
  reference: string,
): Promise<DatasetManifest> {
  const match = /^([^@]+)(?:@(\d{1,9}))?$/.exec(reference);
  if (!match) throw new AsofError('USAGE', { problem: `a dataset is name or name@version, not "${reference}"` });
  const [, name = '', version] = match;
  const found = await catalog.datasets.get(project, name, version === undefined ? undefined : Number(version));
  if (found) return found;
  const known = (await catalog.datasets.list(project)).map((one) => `${one.name}@${one.version}`);
  throw new AsofError('UNKNOWN_NAME', { where: 'dataset', kind: 'dataset', name: reference, known });
}

/** A small object of the lake by its bytes. */
export async function referenceTo(lake: Lake, uri: string): Promise<FileReference> {
  const bytes = await lake.read(uri);
  return { uri, rows: 0, bytes: bytes.byteLength, checksum: createHash('sha256').update(bytes).digest('hex') };
}
