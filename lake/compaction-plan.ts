/** Which files of a table are worth writing again as one. Pure. */
import type { CommittedFile } from '../contracts/lake.ts';

export interface CompactionLimits {
  /** The most rows and bytes of one compacted file. A file of half of either is large enough to be left alone. */
  readonly rows: number;
  readonly bytes: number;
}

/** A full file of a table: what ingestion cuts at, and little enough to be sorted by one session. */
export const COMPACTION_LIMITS: CompactionLimits = { rows: 1_000_000, bytes: 256 * 2 ** 20 };

/** Files read at once: each costs a handle and a footer. */
const MOST_FILES = 500;

type PlannedFile = Pick<
  CommittedFile,
  'id' | 'path' | 'rows' | 'bytes' | 'minEvent' | 'maxEvent' | 'bucket' | 'columns'
>;

/**
 * Groups of at least two small files that are neighbours in time (and of one bucket, with columns that agree in their
 * types), each within the limits. A file is taken only along with others that together hold at least as many rows, so a
 * row is written again about as often as its file doubles, however often this is done.
 */
export function planCompaction<File extends PlannedFile>(
  files: readonly File[],
  limits: CompactionLimits,
): readonly (readonly File[])[] {
  const buckets = new Map<number | null, File[]>();
  for (const file of files) {
    if (!isSmall(file, limits)) continue;
    buckets.set(file.bucket, [...(buckets.get(file.bucket) ?? []), file]);
  }
  return [...buckets.values()].flatMap((small) => runsOf(small.toSorted(byTime), limits)).flatMap(worthwhile);
}

function isSmall({ rows, bytes, minEvent }: PlannedFile, limits: CompactionLimits): boolean {
  return minEvent !== null && rows * 2 < limits.rows && bytes * 2 < limits.bytes;
}

function byTime(a: PlannedFile, b: PlannedFile): number {
  if (a.minEvent !== b.minEvent) return a.minEvent! < b.minEvent! ? -1 : 1;
  return a.path < b.path ? -1 : 1;
}

/** Neighbours for as long as they fit. */
function runsOf<File extends PlannedFile>(files: readonly File[], limits: CompactionLimits): readonly File[][] {
  const runs: File[][] = [];
  let run: { files: File[]; rows: number; bytes: number; types: Map<string, string> } | undefined;
  for (const file of files) {
    const fits =
      run !== undefined &&
      run.files.length < MOST_FILES &&
      run.rows + file.rows <= limits.rows &&
      run.bytes + file.bytes <= limits.bytes &&
      file.columns.every((column) => (run?.types.get(nameKey(column)) ?? spelled(column)) === spelled(column));
    if (run === undefined || !fits) {
      run = { files: [], rows: 0, bytes: 0, types: new Map() };
      runs.push(run.files);
    }
    run.files.push(file);
    run.rows += file.rows;
    run.bytes += file.bytes;
    for (const column of file.columns) run.types.set(nameKey(column), spelled(column));
  }
  return runs;
}

/** Names of the engine ignore case: two spellings of one name are no one column. */
function nameKey({ name }: PlannedFile['columns'][number]): string {
  return name.toLowerCase();
}

function spelled({ name, type }: PlannedFile['columns'][number]): string {
  return `${name} ${type}`;
}

/** The run, or what is left and right of a file that outweighs all others together. */
function worthwhile<File extends PlannedFile>(run: readonly File[]): readonly (readonly File[])[] {
  if (run.length < 2) return [];
  const rows = run.reduce((sum, file) => sum + file.rows, 0);
  const largest = run.reduce((found, file, index) => (file.rows > run[found]!.rows ? index : found), 0);
  if (run[largest]!.rows * 2 <= rows) return [run];
  return [...worthwhile(run.slice(0, largest)), ...worthwhile(run.slice(largest + 1))];
}
