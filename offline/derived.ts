/** Derived views: the one TypeScript function of each, called for every row. */
import { AsofError, messageOf } from '../contracts/errors.ts';
import type { ComputeInputs, DefinitionRuntime, FeaturePlan, PlannedDerived, PlannedInput } from '../contracts/plan.ts';
import { Timestamp } from '../contracts/timestamp.ts';
import { storedType, type FeatureValue, type StoredType } from '../contracts/values.ts';
import { isPlainNumber } from '../definitions/normalization/feature-types.ts';
import type { ColumnBatch, EngineValue, Session } from '../engine/engine.ts';
import { quoteIdentifier, sqlType } from '../engine/sql.ts';
import { cellOf } from '../engine/vector-reader.ts';
import { derivedFeatureColumns, findFeatureColumn, type FeatureColumn } from './feature-columns.ts';
import { requestColumnName } from './spine-columns.ts';
import { fromTypeScript, toTypeScript } from './typescript-values.ts';

/** One property of one input of `compute`. */
interface InputValue {
  readonly input: string;
  readonly property: string;
  /** The relation's column, or the derived column computed before. */
  readonly column: string;
  readonly type: StoredType;
  readonly plain: boolean;
}

interface DerivedStep {
  readonly derived: PlannedDerived;
  readonly inputs: readonly InputValue[];
  readonly columns: readonly FeatureColumn[];
}

export interface DerivedInput {
  readonly plan: FeaturePlan;
  readonly runtime: DefinitionRuntime;
  /** A SELECT of `__row`, `__at`, the request columns and the features that the derived views read. */
  readonly relation: string;
  /** The temporary table to create: `__row` and the columns of `derivedFeatureColumns`. */
  readonly table: string;
}

/**
 * Computes the derived views of a plan row by row. Throws `INVALID_VALUE` naming view and row when a function throws, or
 * returns a value that is not of its feature's type.
 */
export async function computeDerived(
  session: Session,
  { plan, runtime, relation, table }: DerivedInput,
): Promise<void> {
  const steps = plan.derived.map((derived) => derivedStep(plan, derived));
  const columns = steps.flatMap((step) => step.columns);
  const declared = ['__row BIGINT', ...columns.map(({ value, type }) => `${value} ${sqlType(type)}`)];
  await session.run(`CREATE TEMP TABLE ${quoteIdentifier(table)} (${declared.join(', ')})`);
  for await (const batch of session.stream(relation)) {
    const results = columns.map(() => new Array<EngineValue>(batch.rows));
    const read = batchReader(batch);
    for (let row = 0; row < batch.rows; row++) computeRow(steps, runtime, read, row, results);
    await session.append(table, [
      { values: batch.columns.find(({ name }) => name === '__row')!.values },
      ...results.map((values) => ({ values })),
    ]);
  }
}

function derivedStep(plan: FeaturePlan, derived: PlannedDerived): DerivedStep {
  return {
    derived,
    inputs: derived.inputs.flatMap((input) => inputValues(plan, input)),
    columns: derivedFeatureColumns(plan, derived),
  };
}

function inputValues(plan: FeaturePlan, input: PlannedInput): readonly InputValue[] {
  if (input.kind === 'request') {
    return input.columns.map((property) => {
      const index = plan.requestColumns.findIndex(({ name }) => name === property);
      const type = storedType(plan.requestColumns[index]!.type);
      return { input: input.name, property, column: requestColumnName(index), type, plain: false };
    });
  }
  return input.features.map((property) => {
    const { input: column, type, feature } = findFeatureColumn(plan, input.as, property);
    return { input: input.name, property, column, type, plain: isPlainNumber(feature) };
  });
}

/** The columns of the relation that the derived views read, beside `__row` and `__at`. */
export function derivedInputColumns(plan: FeaturePlan): readonly string[] {
  const own = new Set(
    plan.derived.flatMap((derived) => derivedFeatureColumns(plan, derived).map(({ value }) => value)),
  );
  const read = plan.derived.flatMap((derived) => derivedStep(plan, derived).inputs.map(({ column }) => column));
  return [...new Set(read)].filter((column) => !own.has(column));
}

type CellReader = (column: string, row: number) => EngineValue | undefined;

function batchReader(batch: ColumnBatch): CellReader {
  const byName = new Map(batch.columns.map((column) => [column.name, column]));
  return (name, row) => {
    const column = byName.get(name);
    return column && cellOf(column, row);
  };
}

function computeRow(
  steps: readonly DerivedStep[],
  runtime: DefinitionRuntime,
  read: CellReader,
  row: number,
  results: readonly EngineValue[][],
): void {
  const at = new Timestamp(read('__at', row) as bigint);
  const computed = new Map<string, EngineValue>();
  let position = 0;
  for (const { derived, inputs, columns } of steps) {
    const given: Record<string, Record<string, FeatureValue>> = Object.fromEntries(
      derived.inputs.map(({ name }) => [name, {}]),
    );
    for (const { input, property, column, type, plain } of inputs) {
      given[input]![property] = toTypeScript(computed.get(column) ?? read(column, row) ?? null, type, plain);
    }
    const place = `derived view ${derived.view.name}, row ${BigInt(read('__row', row) as bigint) + 1n}`;
    const returned = callCompute(runtime, derived.view.name, given, at, place);
    for (const { value: column, type, feature } of columns) {
      const value = fromTypeScript(returned[feature.name], type);
      if (value === undefined) {
        const problem = `feature ${feature.name} is ${String(returned[feature.name])}, which is not a ${type}`;
        throw new AsofError('INVALID_VALUE', { where: place, problem });
      }
      computed.set(column, value);
      results[position++]![row] = value;
    }
  }
}

function callCompute(
  runtime: DefinitionRuntime,
  view: string,
  inputs: ComputeInputs,
  at: Timestamp,
  where: string,
): Readonly<Record<string, unknown>> {
  try {
    return runtime.compute(view, inputs, { at });
  } catch (error) {
    throw new AsofError('INVALID_VALUE', { where, problem: messageOf(error) }, error);
  }
}
