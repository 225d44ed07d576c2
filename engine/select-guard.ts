/**
 * SQL of users: one SELECT over named relations and nothing else. DuckDB's own parser gives the syntax tree, so that
 * what is checked is what will run. The locked-down engine stays the second wall: it refuses files and the network.
 */
import { AsofError } from '../contracts/errors.ts';
import type { Session } from './engine.ts';
import { literalText } from './sql.ts';

export interface SelectGuard {
  /** Names the query in errors, such as `view daily, field "sql"`. */
  readonly where: string;
  /** The names that the query may read from; case is ignored. They stand for tables or views of the session. */
  readonly relations: readonly string[];
}

/** A node of DuckDB's syntax tree, as `json_serialize_sql` writes it. */
export type SyntaxNode = Readonly<Record<string, unknown>>;

export interface GuardedSelect {
  /** The query without a closing semicolon. Put it between `(` and `)` with line breaks inside: it may end in a comment. */
  readonly sql: string;
  /** The relations that it reads, as `SelectGuard.relations` spells them, in order of first use. */
  readonly relations: readonly string[];
  /** The root of the query: a `SELECT_NODE`, `SET_OPERATION_NODE` … */
  readonly tree: SyntaxNode;
}

/**
 * Parses and checks a query without running it. Throws `INVALID_VALUE` naming line and column for anything but exactly
 * one SELECT, other relations than the given ones (files included), table functions but `unnest`, parameters, samples,
 * and functions whose result is another one at each run or tells of the session.
 */
export async function guardSelect(session: Session, text: string, guard: SelectGuard): Promise<GuardedSelect> {
  const refuse = (problem: string): AsofError => new AsofError('INVALID_VALUE', { where: guard.where, problem });
  const sql = text.replace(/[\s;]+$/, '');
  if (sql === '') throw refuse('the query is empty; write one SELECT');
  const tree = await parseSelect(session, sql, refuse);
  const walk = new QueryWalk(sql, guard, await unsteadyFunctions(session));
  walk.visit(tree, new Set());
  // a semicolon before a last comment would end the statement that the query becomes a part of
  await parseSelect(session, `SELECT * FROM (\n${sql}\n) q`, () => refuse('leave out the semicolon'));
  return { sql, relations: [...walk.relations], tree };
}

interface Parsed {
  readonly error: boolean;
  readonly error_type?: string;
  readonly error_message?: string;
  readonly position?: string;
  readonly statements?: readonly { readonly node: SyntaxNode; readonly named_param_map: readonly unknown[] }[];
}

async function parseSelect(session: Session, sql: string, refuse: (problem: string) => AsofError): Promise<SyntaxNode> {
  const [row] = await session.rows(`SELECT json_serialize_sql(${literalText(sql)}::VARCHAR)::VARCHAR AS tree`);
  const parsed = JSON.parse(String(row!['tree'])) as Parsed;
  if (parsed.error) {
    if (parsed.error_type !== 'parser') throw refuse('only a SELECT may stand here; write one SELECT statement');
    const place = parsed.position === undefined ? '' : `${placeOf(sql, Number(parsed.position))}: `;
    throw refuse(`${place}${parsed.error_message ?? 'the query cannot be parsed'}`);
  }
  const [statement, ...others] = parsed.statements ?? [];
  if (!statement || others.length > 0) {
    throw refuse(`there are ${others.length + 1} statements; write one SELECT statement`);
  }
  if (statement.named_param_map.length > 0) throw refuse('it has a parameter; write the value itself');
  return statement.node;
}

/** Beside those that DuckDB calls unsteady: they show settings or the process. */
const TELLING_FUNCTIONS = ['current_setting', 'getenv', 'getvariable', 'current_role', 'current_user', 'session_user'];

/** Names of functions whose result depends on more than their arguments. */
async function unsteadyFunctions(session: Session): Promise<ReadonlySet<string>> {
  const rows = await session.rows(
    `SELECT DISTINCT lower(function_name) AS name FROM duckdb_functions() WHERE stability IN ('VOLATILE', 'CONSISTENT_WITHIN_QUERY')`,
  );
  return new Set([...rows.map((row) => String(row['name'])), ...TELLING_FUNCTIONS]);
}

/** Keywords that DuckDB reads as columns and resolves to functions when no column has the name. */
const UNSTEADY_KEYWORDS = new Set(['current_date', 'current_time', 'current_timestamp', 'localtime', 'localtimestamp']);

const TABLE_FUNCTIONS = ['unnest'];

class QueryWalk {
  readonly relations = new Set<string>();
  readonly #sql: string;
  readonly #guard: SelectGuard;
  readonly #unsteady: ReadonlySet<string>;

  constructor(sql: string, guard: SelectGuard, unsteady: ReadonlySet<string>) {
    this.#sql = sql;
    this.#guard = guard;
    this.#unsteady = unsteady;
  }

  /** `scope`: names of the common table expressions in sight, in lower case. */
  visit(value: unknown, scope: ReadonlySet<string>): void {
    if (Array.isArray(value)) {
      for (const item of value) this.visit(item, scope);
    } else if (typeof value === 'object' && value !== null) {
      this.#visitNode(value as SyntaxNode, scope);
    }
  }

  #visitNode(node: SyntaxNode, outer: ReadonlySet<string>): void {
    const { cte_map: expressions, ...rest } = node;
    this.#check(node, outer);
    const own = node['type'] === 'RECURSIVE_CTE_NODE' ? new Set([...outer, lowerCase(node['cte_name'])]) : outer;
    const scope = expressions === undefined ? own : this.#visitExpressions(expressions as ExpressionMap, own);
    for (const member of Object.values(rest)) this.visit(member, scope);
  }

  /** Each sees the ones before it; DuckDB would look for a table, or a file, under any other name. */
  #visitExpressions({ map }: ExpressionMap, outer: ReadonlySet<string>): ReadonlySet<string> {
    let scope = outer;
    for (const { key, value } of map) {
      this.visit(value, scope);
      scope = new Set([...scope, key.toLowerCase()]);
    }
    return scope;
  }

  #check(node: SyntaxNode, scope: ReadonlySet<string>): void {
    switch (node['type']) {
      case 'BASE_TABLE':
        return this.#checkRelation(node, scope);
      case 'TABLE_FUNCTION':
        return this.#checkTableFunction(node);
      case 'SHOW_REF':
        throw this.#refuse(node, 'DESCRIBE, SHOW and SUMMARIZE may not stand in the query');
      case 'FUNCTION':
        return this.#checkFunction(node);
      case 'COLUMN_REF':
        return this.#checkKeyword(node);
    }
    if (node['sample'] !== undefined && node['sample'] !== null) throw this.#refuse(node, SAMPLED);
  }

  #checkRelation(node: SyntaxNode, scope: ReadonlySet<string>): void {
    const name = String(node['table_name']);
    const { relations } = this.#guard;
    const qualifiers = [node['catalog_name'], node['schema_name']].filter((part) => part !== '');
    if (node['sample'] !== null) throw this.#refuse(node, SAMPLED);
    if (node['at_clause'] !== null) throw this.#refuse(node, 'AT is not known here; leave it out');
    if (qualifiers.length === 0 && scope.has(name.toLowerCase())) return;
    const known = relations.find((relation) => relation.toLowerCase() === name.toLowerCase());
    if (qualifiers.length > 0 || known === undefined) {
      const written = [...qualifiers, name].join('.');
      const list = relations.length === 0 ? 'nothing' : relations.join(', ');
      throw this.#refuse(node, `"${written}" cannot be read; the query may read from: ${list}`);
    }
    this.relations.add(known);
  }

  #checkTableFunction(node: SyntaxNode): void {
    const name = lowerCase((node['function'] as SyntaxNode)['function_name']);
    if (TABLE_FUNCTIONS.includes(name)) return;
    throw this.#refuse(node, `the table function ${name} is not allowed; the query may read its relations only`);
  }

  #checkFunction(node: SyntaxNode): void {
    const name = lowerCase(node['function_name']);
    if (!this.#unsteady.has(name)) return;
    throw this.#refuse(node, `${name}() ${UNSTEADY}`);
  }

  #checkKeyword(node: SyntaxNode): void {
    const names = node['column_names'] as readonly string[];
    const name = names[0]?.toLowerCase() ?? '';
    if (names.length === 1 && UNSTEADY_KEYWORDS.has(name)) throw this.#refuse(node, `${name} ${UNSTEADY}`);
  }

  #refuse(node: SyntaxNode, problem: string): AsofError {
    const at = Number(node['query_location']);
    const place = Number.isSafeInteger(at) ? `${placeOf(this.#sql, at)}: ` : '';
    return new AsofError('INVALID_VALUE', { where: this.#guard.where, problem: `${place}${problem}` });
  }
}

const UNSTEADY = 'may give another result at each run, so it is not allowed; write a constant';
const SAMPLED = 'a sample is another one at each run; choose rows by a hash of their key instead';

interface ExpressionMap {
  readonly map: readonly { readonly key: string; readonly value: SyntaxNode }[];
}

function lowerCase(name: unknown): string {
  return String(name).toLowerCase();
}

/** `offset` counts bytes. */
function placeOf(sql: string, offset: number): string {
  const lines = Buffer.from(sql).subarray(0, offset).toString().split('\n');
  return `line ${lines.length}, column ${(lines.at(-1) ?? '').length + 1}`;
}
