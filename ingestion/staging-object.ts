/** JSON objects between the steps of a run, below `staging/<run>/`. */
import { AsofError } from '../contracts/errors.ts';
import type { Lake } from '../lake/lake.ts';
import { objectPath, objectUri } from '../lake/object-path.ts';
import { stagingFilePath } from '../lake/paths.ts';

/**
 * Writes the object unless it is there, and returns its address with the content that counts: of two attempts at the
 * same step the first to write wins, and both go on with its result.
 */
export async function writeStagingObject<T>(
  lake: Lake,
  runId: string,
  name: string,
  content: T,
): Promise<{ readonly uri: string; readonly content: T }> {
  const path = stagingFilePath(runId, name);
  const uri = objectUri(lake, path);
  try {
    await lake.write(path, Buffer.from(JSON.stringify(content, tagBigint)));
    return { uri, content };
  } catch (error) {
    if (!(error instanceof AsofError && error.code === 'CONFLICT')) throw error;
    return { uri, content: await readStagingObject<T>(lake, uri) };
  }
}

/** The object that an earlier attempt wrote; undefined when none did. */
export async function findStagingObject<T>(
  lake: Lake,
  runId: string,
  name: string,
): Promise<{ readonly uri: string; readonly content: T } | undefined> {
  const path = stagingFilePath(runId, name);
  if (!(await lake.stat(path))) return undefined;
  const uri = objectUri(lake, path);
  return { uri, content: await readStagingObject<T>(lake, uri) };
}

/** Throws `LAKE_FILE_CORRUPT` when there is none, and `INVALID_VALUE` for an address outside this lake. */
export async function readStagingObject<T>(lake: Lake, uri: string): Promise<T> {
  const path = objectPath(lake, uri);
  if (path === undefined) {
    throw new AsofError('INVALID_VALUE', { where: 'ingestion', problem: `${uri} is not in the lake ${lake.url}` });
  }
  return JSON.parse(Buffer.from(await lake.read(path)).toString(), untagBigint) as T;
}

interface TaggedBigint {
  readonly $bigint: string;
}

function tagBigint(_key: string, value: unknown): unknown {
  return typeof value === 'bigint' ? ({ $bigint: value.toString() } satisfies TaggedBigint) : value;
}

function untagBigint(_key: string, value: unknown): unknown {
  const tagged = typeof value === 'object' && value !== null && Object.hasOwn(value, '$bigint');
  return tagged ? BigInt((value as TaggedBigint).$bigint) : value;
}
