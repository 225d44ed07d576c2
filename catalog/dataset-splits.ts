/** Partitions of dataset versions: each is kept once and never changes. */
import { sql } from 'kysely';
import type { Selectable } from 'kysely';
import type { DatasetKey, KeptSplit } from './catalog.ts';
import type { CatalogTransaction, Queries } from './database.ts';
import type { CatalogSchema } from './schema.ts';
import { AsofError } from '../contracts/errors.ts';

export async function splitsOf(db: Queries, dataset: DatasetKey): Promise<readonly KeptSplit[]> {
  const rows = await db
    .selectFrom('dataset_splits')
    .selectAll()
    .where('project', '=', dataset.project)
    .where('name', '=', dataset.name)
    .where('version', '=', dataset.version)
    .orderBy('id')
    .execute();
  return rows.map(keptSplit);
}

export async function addSplit(
  tx: CatalogTransaction,
  dataset: DatasetKey,
  split: Omit<KeptSplit, 'createdAt'>,
): Promise<KeptSplit> {
  const { project, name, version } = dataset;
  const place = `${name}@${version}`;
  // one after the other, so that the second sees the names of the first
  await sql`select pg_advisory_xact_lock(hashtextextended(${`split/${project}/${place}`}, 0))`.execute(tx);
  const wanted = split.parts.map((part) => part.name);
  for (const earlier of await splitsOf(tx, dataset)) {
    const names = earlier.parts.map((part) => part.name);
    if (equal(earlier.rule, split.rule) && equal(names, wanted)) return earlier;
    const taken = wanted.find((part) => names.includes(part));
    if (taken === undefined) continue;
    const problem = `it has a part "${taken}" by another rule already; give the parts other names with --names`;
    throw new AsofError('CONFLICT', { where: `dataset ${place}`, problem });
  }
  const row = await tx
    .insertInto('dataset_splits')
    .values({
      ...{ project, name, version },
      rule: JSON.stringify(split.rule),
      parts: JSON.stringify(split.parts),
      file: JSON.stringify(split.file),
    })
    .returningAll()
    .executeTakeFirstOrThrow();
  return keptSplit(row);
}

function keptSplit(row: Selectable<CatalogSchema['dataset_splits']>): KeptSplit {
  const { rule, parts, file } = row as { rule: unknown; parts: unknown; file: unknown };
  return { rule, parts, file, createdAt: row.created_at } as KeptSplit;
}

/** JSON columns keep the order of members as it was written, and one place writes them. */
function equal(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}
