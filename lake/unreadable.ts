/** What cannot be read while a file is damaged: the snapshots that show it, and the versions of datasets it is a part of. */
import type { Catalog } from '../catalog/catalog.ts';
import type { TableKey } from '../contracts/lake.ts';

export interface Unreadable {
  /** `source/flights`, `view/delays@fingerprint`, or `dataset/train@3`. */
  readonly name: string;
  /** Of the table, ascending; none for a dataset. */
  readonly snapshots: readonly number[];
}

/** `name` is the table's. Undefined when no snapshot that can be read shows one of the files. */
export async function unreadableSnapshots(
  { tables }: Pick<Catalog, 'tables'>,
  table: TableKey,
  name: string,
  damaged: ReadonlySet<string>,
): Promise<Unreadable | undefined> {
  if (damaged.size === 0) return undefined;
  const snapshots: number[] = [];
  for (const { id, expired } of await tables.snapshots(table)) {
    if (expired) continue;
    const { files } = await tables.files(table, id);
    if (files.some(({ path }) => damaged.has(path))) snapshots.push(id);
  }
  return snapshots.length === 0 ? undefined : { name, snapshots };
}

/** As a line for people: runs of snapshots as `3–7`. */
export function describeUnreadable({ name, snapshots }: Unreadable): string {
  if (snapshots.length === 0) return name;
  const runs: { first: number; last: number }[] = [];
  for (const id of snapshots) {
    const run = runs.at(-1);
    if (run !== undefined && run.last === id - 1) run.last = id;
    else runs.push({ first: id, last: id });
  }
  const list = runs.map(({ first, last }) => (first === last ? `${first}` : `${first}–${last}`)).join(', ');
  return `${name}, ${snapshots.length === 1 ? 'snapshot' : 'snapshots'} ${list}`;
}
