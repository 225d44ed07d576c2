/** Stage two: rows of the spine with their features, in the spine's order, as a file. */
import { AsofError } from '../contracts/errors.ts';
import type { DefinitionRuntime, FeaturePlan } from '../contracts/plan.ts';
import type { Session } from '../engine/engine.ts';
import { literalText, quoteIdentifier } from '../engine/sql.ts';
import { computeDerived, derivedInputColumns } from './derived.ts';
import { outputColumn } from './feature-columns.ts';
import { countLeaks, type Leakage } from './leakage.ts';
import { copyOptions, featureColumnSql, ownColumnSql } from './output-sql.ts';
import type { SpineColumn } from './spine.ts';
import type { TableFormat } from './spine-format.ts';

export interface AssemblyInput {
  readonly plan: FeaturePlan;
  readonly runtime: DefinitionRuntime;
  /** The spine's own columns. */
  readonly columns: readonly SpineColumn[];
  readonly shortNames: boolean;
  /** A FROM item: the prepared spine. */
  readonly spine: string;
  /** FROM items, one for each entity group: its units together. */
  readonly groups: readonly string[];
  /** Ordinals: `from` inclusive, `to` exclusive. */
  readonly range: { readonly from: number; readonly to: number };
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
  if (plan.derived.length > 0) {
    const read = ['s.__row', 's.__at', ...derivedInputColumns(plan)].join(', ');
    const relation = `SELECT ${read} ${joined(input, input.groups)} ORDER BY s.__row`;
    await computeDerived(session, { plan, runtime: input.runtime, relation, table: '__derived' });
  }
  const joins = [...input.groups, ...(plan.derived.length > 0 ? ['__derived'] : [])];
  const features = plan.columns.map((column) => outputColumn(plan, column));
  const values = [
    ...columns.map((column) => ownColumnSql(column, 's', format)),
    ...features.map(({ value, type }) => featureColumnSql(value, type, format)),
  ];
  const names = outputNames(plan, columns, input.shortNames);
  const list = values.map((value, index) => `${value} AS ${quoteIdentifier(names[index]!)}`).join(', ');
  const select = `SELECT ${list} ${joined(input, joins)} ORDER BY s.__row`;
  await session.run(`COPY (${select}) TO ${literalText(input.target)} ${copyOptions(format)}`);
  const leakage = await countLeaks(session, {
    plan,
    groups: input.groups,
    range: input.range,
    joined: (groups) => joined(input, groups),
  });
  if (plan.derived.length > 0) await session.run('DROP TABLE __derived');
  return { rows: input.range.to - input.range.from, leakage };
}

/** Names of feature columns are unique over all groups, so they need no alias. */
function joined({ spine, range }: AssemblyInput, relations: readonly string[]): string {
  const joins = relations.map((relation, index) => `LEFT JOIN ${relation} j${index} ON j${index}.__row = s.__row`);
  return `FROM ${spine} s ${joins.join(' ')} WHERE s.__row >= ${range.from} AND s.__row < ${range.to}`;
}
