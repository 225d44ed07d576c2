/** Rows that a view's `sql` makes. */
import { AsofError } from '../../contracts/errors.ts';
import { SEQUENCE_COLUMN } from '../../contracts/lake.ts';
import type { StoredSourceManifest, ViewRowsManifest } from '../../contracts/manifest.ts';
import { storedType } from '../../contracts/values.ts';
import { queryShape } from '../../definitions/query-shape.ts';
import type { Session } from '../../engine/engine.ts';
import { guardSelect } from '../../engine/select-guard.ts';
import { identifierList, quoteIdentifier, sqlType } from '../../engine/sql.ts';
import type { MadeRowsInput } from './made-input.ts';
import { carriedNames, sourceRowsSql } from './source-columns.ts';

/** A query may give this many rows for each row of its source, and some more: a join of everything with everything ends. */
const ROWS_FOR_A_ROW = 10;
const ROWS_FOR_NONE = 1_000_000;

type QueryInput = MadeRowsInput & { readonly rows: ViewRowsManifest };

/** Creates the table. Throws what `guardSelect` throws, `LIMIT_EXCEEDED`, and `ENGINE_FAILED` in the engine's words. */
export async function queryRows(session: Session, input: QueryInput, table: string, millis?: number): Promise<void> {
  const where = `view ${input.view.name}, sql`;
  const select = await querySql(session, input);
  await session.limitTime({ where, ...(millis !== undefined && { millis }) }, async () => {
    if (input.rows.kind === 'rows') {
      await session.run(`CREATE TEMP TABLE ${table} AS ${select}`);
      return;
    }
    const [counted] = await session.rows(`SELECT count(*) AS n FROM (${sourceRowsSql(input)})`);
    const most = Number(counted!['n']) * ROWS_FOR_A_ROW + ROWS_FOR_NONE;
    await session.run(`CREATE TEMP TABLE ${table} AS ${ordered(`${select} LIMIT ${most + 1}`, input.rows)}`);
    const [made] = await session.rows(`SELECT count(*) AS n FROM ${table}`);
    if (Number(made!['n']) <= most) return;
    throw new AsofError('LIMIT_EXCEEDED', { where, problem: `it makes more than ${most} rows of its source` });
  });
}

/** A SELECT of the made columns in their types; with the sequence when rows are made one by one. */
async function querySql(session: Session, input: QueryInput): Promise<string> {
  const { view, base, rows } = input;
  const guard = { where: `view ${view.name}, sql`, relations: [base.name] };
  const { sql } = await guardSelect(session, view.sql ?? '', guard);
  const source = `WITH ${quoteIdentifier(base.name)} AS (${sourceRowsSql(input)})`;
  const own = rows.columns.map(
    ({ name, type }) => `made.${quoteIdentifier(name)}::${sqlType(storedType(type))} AS ${quoteIdentifier(name)}`,
  );
  if (rows.kind === 'query') return `${source} SELECT ${own.join(', ')} FROM (\n${sql}\n) made`;
  const kept = carried(base);
  const carriedOut = kept.map(({ as, through }) => `made.${through} AS ${quoteIdentifier(as)}`);
  return `${source} SELECT ${[...own, ...carriedOut].join(', ')} FROM (\n${withIdentity(sql, base)}\n) made`;
}

function carried(base: StoredSourceManifest): readonly { readonly as: string; readonly through: string }[] {
  return [SEQUENCE_COLUMN, ...carriedNames(base).map(({ as }) => as)].map((as) => ({
    as,
    // `SELECT *` gives the reserved columns too
    through: quoteIdentifier(`__kept${as}`),
  }));
}

/** The query with the identity of each row selected beside what it selects. */
function withIdentity(sql: string, base: StoredSourceManifest): string {
  const shape = queryShape(sql, base.name, base.timestamp);
  if (!shape.rowByRow) throw new TypeError('the query does not take rows one by one');
  const kept = carried(base).map(({ as, through }) => `${quoteIdentifier(as)} AS ${through}`);
  return `${sql.slice(0, shape.from)}, ${kept.join(', ')}\n${sql.slice(shape.from)}`;
}

/** Rows that are alike in everything need no order among them. */
function ordered(select: string, { columns }: ViewRowsManifest): string {
  const names = identifierList(columns.map(({ name }) => name));
  return `SELECT *, row_number() OVER (ORDER BY ${names}) - 1 AS ${SEQUENCE_COLUMN} FROM (${select})`;
}
