/** Point-in-time joins of small frames: rows or keys as JSON in, a file of the same rows with features out. */
import { rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { ActiveWork } from '../catalog/catalog.ts';
import { AsofError } from '../contracts/errors.ts';
import { toJsonText } from '../contracts/json-text.ts';
import type { FeatureRequest } from '../contracts/plan.ts';
import { withLakeWork } from '../lake/lake-work.ts';
import { retrieveHistorical, type RetrievalDependencies, type Retrieved } from '../offline/retrieval.ts';
import type { SpineInput } from '../offline/spine-input.ts';
import { spineInputOf } from '../offline/spine-source.ts';
import { makeWorkDirectory } from '../offline/work-directory.ts';
import type { CompiledDefinitions } from './applied-definitions.ts';

/** The largest frame: beyond it a dataset is the way. */
export const MOST_FRAME_ROWS = 100_000;
export const MOST_FRAME_VALUES = 5_000_000;

/** Rows with keys and `event_timestamp`, or keys by column at the instants of a range. */
export type FrameRows =
  | { readonly rows: readonly Readonly<Record<string, unknown>>[] }
  | {
      readonly entities: Readonly<Record<string, readonly unknown[]>>;
      readonly from: string;
      readonly to: string;
      readonly every?: string;
    };

export interface FrameRequest extends FeatureRequest {
  readonly frame: FrameRows;
  readonly asKnown: boolean;
  readonly shortNames: boolean;
  readonly format: 'jsonl' | 'parquet';
}

export interface Frame extends Retrieved {
  readonly file: string;
  /** Removes the file. */
  readonly discard: () => Promise<void>;
}

/**
 * Answers every row once, in order. Throws `LIMIT_EXCEEDED`, `INVALID_VALUE`, and what `resolveFeatures` and
 * `retrieveHistorical` throw.
 */
export async function retrieveFrame(
  dependencies: RetrievalDependencies & { readonly project: string; readonly work: ActiveWork },
  { plan: planOf, runtime }: CompiledDefinitions,
  { frame, asKnown, shortNames, format, ...named }: FrameRequest,
): Promise<Frame> {
  const plan = planOf(named);
  const directory = await makeWorkDirectory(dependencies.workDirectory, 'frame');
  const discard = (): Promise<void> => rm(directory, { recursive: true, force: true });
  try {
    const lines = 'rows' in frame ? frame.rows : keyRows(frame.entities);
    const spine = placeRows(frame, path.join(directory, 'rows.jsonl'));
    checkSize(lines.length * instantsOf(spine), plan.columns.length);
    await writeFile(path.join(directory, 'rows.jsonl'), lines.map((line) => `${toJsonText(line)}\n`).join(''));
    const file = path.join(directory, `frame.${format}`);
    const { project } = dependencies;
    const request = { project, plan, runtime, spine, asKnown, shortNames, output: file };
    const retrieved = await withLakeWork(dependencies.work, project, () => retrieveHistorical(dependencies, request));
    return { ...retrieved, file, discard };
  } catch (error) {
    await discard();
    throw namingRows(error, directory);
  }
}

function placeRows(frame: FrameRows, file: string): SpineInput {
  if ('rows' in frame) return { kind: 'spine', path: file };
  const { from, to, every } = frame;
  return spineInputOf({ entities: file, from, to, ...(every !== undefined && { every }) }, { sources: [] });
}

function instantsOf(spine: SpineInput): number {
  if (spine.kind !== 'entities') return 1;
  const every = BigInt(spine.everyMicros ?? 1);
  return Number((spine.to - spine.from + every - 1n) / every);
}

function checkSize(rows: number, features: number): void {
  const where = 'historical';
  if (rows > MOST_FRAME_ROWS) {
    const problem = `${rows} rows are more than ${MOST_FRAME_ROWS}; build a dataset, or ask for fewer rows at once`;
    throw new AsofError('LIMIT_EXCEEDED', { where, problem });
  }
  if (rows * features > MOST_FRAME_VALUES) {
    const problem = `${rows} rows of ${features} features are more than ${MOST_FRAME_VALUES} values; build a dataset, or ask for fewer at once`;
    throw new AsofError('LIMIT_EXCEEDED', { where, problem });
  }
}

/** Columns of keys as rows. */
function keyRows(entities: Readonly<Record<string, readonly unknown[]>>): readonly Readonly<Record<string, unknown>>[] {
  const columns = Object.entries(entities);
  const lengths = new Set(columns.map(([, keys]) => keys.length));
  if (lengths.size !== 1) {
    const problem = columns.length === 0 ? 'there are no key columns' : 'the lists of keys have different lengths';
    throw new AsofError('INVALID_VALUE', { where: 'entities', problem });
  }
  const [count = 0] = lengths;
  return Array.from({ length: count }, (_, index) =>
    Object.fromEntries(columns.map(([name, keys]) => [name, keys[index]])),
  );
}

/** The caller sent rows, and knows of no file. */
function namingRows(error: unknown, directory: string): unknown {
  if (!(error instanceof AsofError)) return error;
  const details = Object.fromEntries(
    Object.entries(error.details).map(([name, value]) => [
      name,
      typeof value === 'string' ? value.replaceAll(path.join(directory, 'rows.jsonl'), 'rows') : value,
    ]),
  );
  return new AsofError(error.code, details, error);
}
