/** A spine from a query over the stored sources. */
import { AsofError } from '../contracts/errors.ts';
import type { StoredSourceManifest } from '../contracts/manifest.ts';
import type { Session } from '../engine/engine.ts';
import { guardSelect } from '../engine/select-guard.ts';
import { literalText, quoteIdentifier } from '../engine/sql.ts';
import { openSource, type SourceDependencies } from './source-relation.ts';

/** How errors call it. */
export const SPINE_QUERY = 'the spine query';

/** A query may give this many rows for each row of its sources, and some more: a join of everything with everything ends. */
const ROWS_FOR_A_ROW = 10;
const ROWS_FOR_NONE = 10_000_000;

/** Whole numbers without a column type in Parquet, which would silently become doubles. */
const HUGE = /^U?(HUGEINT|BIGINT)$/;

/**
 * Writes the rows of `sql` to `file`, in its order. Answers the snapshots that it read. Throws what `guardSelect` throws,
 * `INVALID_VALUE` for SQL that does not run, `NAME_COLLISION` and `LIMIT_EXCEEDED`.
 */
export async function writeSpineQuery(
  session: Session,
  dependencies: SourceDependencies,
  input: {
    readonly project: string;
    readonly sql: string;
    readonly sources: readonly StoredSourceManifest[];
    readonly file: string;
    /** To read the sources at; the newest where none is named. */
    readonly snapshots: Readonly<Record<string, number>>;
    /** Rows that it may give whatever its sources hold. @default 10,000,000 */
    readonly rowsForNone?: number;
  },
): Promise<Readonly<Record<string, number>>> {
  const { sources } = input;
  const guarded = await guardSelect(session, input.sql, {
    where: SPINE_QUERY,
    relations: sources.map(({ name }) => name),
  });
  const snapshots: Record<string, number> = {};
  let sourceRows = 0;
  for (const name of guarded.relations) {
    const source = sources.find((candidate) => candidate.name === name)!;
    const { sql, snapshot, rows } = await openSource(dependencies, { ...input, source });
    sourceRows += rows;
    await session.run(`CREATE TEMP VIEW ${quoteIdentifier(name)} AS ${sql}`);
    snapshots[name] = snapshot;
  }
  const most = sourceRows * ROWS_FOR_A_ROW + (input.rowsForNone ?? ROWS_FOR_NONE);
  const file = literalText(input.file);
  // the time limit is the query's alone; the join has none
  await session.limitTime({ where: SPINE_QUERY }, () =>
    namingQuery(async () => {
      const list = await outputColumns(session, guarded.sql);
      const select = `SELECT ${list.join(', ')} FROM (\n${guarded.sql}\n) q LIMIT ${most + 1}`;
      await session.run(`COPY (${select}) TO ${file} (FORMAT parquet, COMPRESSION zstd)`);
    }),
  );
  const [written] = await session.rows(`SELECT count(*) AS n FROM read_parquet(${file})`);
  if (Number(written!['n']) > most) {
    const problem = `it gives more than ${most} rows, ten for each of its sources and ${ROWS_FOR_NONE} more; filter it, or give a file`;
    throw new AsofError('LIMIT_EXCEEDED', { where: SPINE_QUERY, problem });
  }
  for (const name of guarded.relations) await session.run(`DROP VIEW ${quoteIdentifier(name)}`);
  return snapshots;
}

async function outputColumns(session: Session, sql: string): Promise<readonly string[]> {
  const columns = await session.rows(`DESCRIBE (\n${sql}\n)`);
  const names = columns.map((column) => String(column['column_name']));
  const twin = names.find((name, index) => names.findIndex((one) => one.toLowerCase() === name.toLowerCase()) < index);
  if (twin !== undefined) {
    const problem = `two of its columns are named "${twin}"; give one of them another name with AS`;
    throw new AsofError('NAME_COLLISION', { where: SPINE_QUERY, problem });
  }
  return columns.map((column) => {
    const name = quoteIdentifier(String(column['column_name']));
    return HUGE.test(String(column['column_type'])) ? `${name}::BIGINT AS ${name}` : name;
  });
}

/** What the engine says about a query of a user is about the query, not about Asof. */
async function namingQuery(work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (!(error instanceof AsofError && error.code === 'ENGINE_FAILED')) throw error;
    const problem = String(error.details['problem']);
    if (/^IO Error|could not write/i.test(problem)) throw error;
    throw new AsofError('INVALID_VALUE', { where: SPINE_QUERY, problem: withoutStatement(problem) }, error);
  }
}

/** The engine quotes the statement, which is not the one that the user wrote. */
function withoutStatement(problem: string): string {
  return (problem.split(/\n\s*\n?LINE \d/)[0] ?? problem).trim();
}
