/** The files of a pack: inputs of its source, and its spine. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { storedType } from '../../../contracts/values.ts';
import type { Engine, Session } from '../../../engine/engine.ts';
import { literalText, quoteIdentifier, sqlType } from '../../../engine/sql.ts';
import { FILE_NAMES, type PackedRequest, type PackedRow } from './arbitrary-pack.ts';
import { PACK_COLUMNS, packDirectory, type PackSource } from './pack-definitions.ts';

/** Writes the rows as the source's Parquet files below the project's directory, each in the order given. */
export async function writeSourceFiles(
  engine: Engine,
  directory: string,
  source: PackSource,
  rows: readonly PackedRow[],
): Promise<void> {
  const target = join(directory, packDirectory(source));
  mkdirSync(target, { recursive: true });
  for (const [file, name] of FILE_NAMES.entries()) {
    const own = rows.filter((row) => row.file === file);
    await engine.session((session) => writeRows(session, own, join(target, name)));
  }
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

/** Writes the requests as a spine of `name`, `code` and `event_timestamp`. */
export async function writeSpineFile(engine: Engine, requests: readonly PackedRequest[], path: string): Promise<void> {
  await engine.session(async (session) => {
    await session.run('CREATE TEMP TABLE packed_spine (name VARCHAR, code BIGINT, event_timestamp TIMESTAMP)');
    await session.append('packed_spine', [
      ...[0, 1].map((key) => ({ values: requests.map(({ keys }) => keys[key]!) })),
      { values: requests.map(({ at }) => at) },
    ]);
    await session.run(`COPY packed_spine TO ${literalText(path)} (FORMAT parquet)`);
  });
}
