/** Stage two: rows of the spine with their features, in the spine's order, as a file. */
import { AsofError } from '../contracts/errors.ts';
import type { DefinitionRuntime, FeaturePlan } from '../contracts/plan.ts';
import type { Session } from '../engine/engine.ts';
import { literalText, quoteIdentifier } from '../engine/sql.ts';
import { computeDerived, derivedInputColumns } from './derived.ts';
import { derivedFeatureColumns, outputColumn } from './feature-columns.ts';
import { countLeaks, type Leakage } from './leakage.ts';
import { copyOptions, featureColumnSql, ownColumnSql } from './output-sql.ts';
import type { SpineColumn } from './spine.ts';
import type { TableFormat } from './spine-format.ts';
import { sideBySide, type UnitTable } from './unit.ts';

export interface AssemblyInput {
  readonly plan: FeaturePlan;
  readonly runtime: DefinitionRuntime;
  /** The spine's own columns. */
  readonly columns: readonly SpineColumn[];
  readonly shortNames: boolean;
  /** A table of the prepared spine's rows, all that are to be written, in their order. */
  readonly spine: string;
  /** Tables of the same rows in the same order, with the features of every entity group. */
  readonly tables: readonly UnitTable[];
  readonly format: TableFormat;
  /** A path that the engine may write. */
  readonly target: string;
}

export interface Assembled {
  readonly rows: number;
  readonly leakage: Leakage;
}

/**
 * Names of the output: the spine's columns, then the features. The formats' names ignore case. Throws `NAME_COLLISION`.
 */
export function outputNames(
  plan: FeaturePlan,
  columns: readonly Pick<SpineColumn, 'name'>[],
  shortNames: boolean,
): readonly string[] {
  const own = new Map<string, string>();
  for (const { name } of columns) {
    const twin = own.get(name.toLowerCase());
    if (twin !== undefined) {
      const problem = `its columns "${twin}" and "${name}" have the same name but for case; rename one of them`;
      throw new AsofError('NAME_COLLISION', { where: 'the spine', problem });
    }
    own.set(name.toLowerCase(), name);
  }
  const taken = new Set(own.keys());
  const features = plan.columns.map(({ name, feature }) => {
    const output = shortNames ? feature.name : name;
    if (taken.has(output.toLowerCase())) {
      const where = own.has(output.toLowerCase()) ? 'the spine' : 'short names';
      const problem = `two columns of the output would be named "${output}"; ${
        shortNames ? 'leave --short-names out' : 'rename the column of the spine'
      }`;
      throw new AsofError('NAME_COLLISION', { where, problem });
    }
    taken.add(output.toLowerCase());
    return output;
  });
  return [...own.values(), ...features];
}

export async function assemble(session: Session, input: AssemblyInput): Promise<Assembled> {
  const { plan, columns, format } = input;
  const rows = await countAligned(session, input.spine, input.tables);
  const tables = [...input.tables];
  if (plan.derived.length > 0) {
    const read = ['__row', '__at', ...derivedInputColumns(plan)].join(', ');
    const relation = `SELECT ${read} FROM ${joined(input.spine, tables)}`;
    await computeDerived(session, { plan, runtime: input.runtime, relation, table: '__derived' });
    const own = plan.derived.flatMap((derived) => derivedFeatureColumns(plan, derived));
    tables.push({ table: '__derived', columns: own.map(({ value }) => `__derived.${value} AS ${value}`) });
  }
  const features = plan.columns.map((column) => outputColumn(plan, column));
  const values = [
    ...columns.map((column) => ownColumnSql(column, 's', format)),
    ...features.map(({ value, type }) => featureColumnSql(value, type, format)),
  ];
  const names = outputNames(plan, columns, input.shortNames);
  const list = values.map((value, index) => `${value} AS ${quoteIdentifier(names[index]!)}`).join(', ');
  const from = joined(input.spine, tables);
  await session.run(
    `COPY (SELECT ${list} FROM ${from}) TO ${literalText(input.target)} ${copyOptions(format, values.length)}`,
  );
  const leakage = await countLeaks(session, plan, from);
  if (plan.derived.length > 0) await session.run('DROP TABLE __derived');
  return { rows, leakage };
}

/** Names of feature columns are unique over all tables, so they need no alias; the spine's are behind `s`. */
function joined(spine: string, tables: readonly UnitTable[]): string {
  const columns = [`${quoteIdentifier(spine)}.*`, ...tables.flatMap((table) => table.columns)];
  return `(SELECT ${columns.join(', ')} FROM ${sideBySide([{ table: spine }, ...tables])}) s`;
}

/** The number of rows. Throws `INTERNAL` where a table has other rows than the spine: they would stand beside wrong ones. */
async function countAligned(session: Session, spine: string, tables: readonly UnitTable[]): Promise<number> {
  const row = `${quoteIdentifier(spine)}.__row`;
  const apart = tables.map(({ table }) => `${quoteIdentifier(table)}.__row IS DISTINCT FROM ${row}`);
  const [counted] =
    await session.rows(`SELECT count(${row}) AS n, count(*) FILTER (${apart.join(' OR ') || 'false'}) AS apart
FROM ${sideBySide([{ table: spine }, ...tables])}`);
  if (counted!['apart'] !== 0n) {
    const problem = `${String(counted!['apart'])} rows stand beside other rows of the spine`;
    throw new AsofError('INTERNAL', { problem });
  }
  return Number(counted!['n']);
}
