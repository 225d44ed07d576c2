/** The executable side of definitions: the functions of derived views, and those that make rows. */
import { AsofError, messageOf } from '../contracts/errors.ts';
import type { ComputeInputs, DefinitionRuntime } from '../contracts/plan.ts';
import type { Timestamp } from '../contracts/timestamp.ts';
import { readOutputs, type Outputs } from './loading/derived-outputs.ts';
import { evaluateBundle } from './loading/evaluation.ts';
import { collectDefinitions, definitionsOf, type DefinitionSet } from './normalization/definition-set.ts';
import { suggestNames } from './closest-names.ts';

type RowFunction = (row: Readonly<Record<string, unknown>>) => unknown;

interface Computation {
  readonly outputs: Outputs;
  readonly compute: (inputs: ComputeInputs, context: { readonly at: Timestamp }) => unknown;
}

/** The runtime of a stored bundle, on any machine. Throws `DEFINITIONS_UNLOADABLE`. */
export function runtimeFromBundle(code: string): DefinitionRuntime {
  const modules = Object.values(evaluateBundle(code)).map((exports) => ({
    file: '',
    exports: exports as Readonly<Record<string, unknown>>,
  }));
  return createRuntime(collectDefinitions(modules));
}

/**
 * The runtime of loaded definitions. `compute` throws `UNKNOWN_NAME` for a view that is not derived, and `INVALID_VALUE`
 * when the function throws or returns something else than its declared features; so does `map` for anything but a row, a
 * list of rows, or null for none.
 */
export function createRuntime(set: DefinitionSet): DefinitionRuntime {
  const computations = new Map(
    definitionsOf(set, 'derivedView').map(({ definition: { name, options } }) => {
      const { features, compute } = options as { readonly features: Outputs } & Pick<Computation, 'compute'>;
      return [name, { outputs: features, compute }];
    }),
  );
  const rowFunctions = new Map(
    definitionsOf(set, 'featureView').flatMap(({ definition: { name, options } }) => {
      const { map } = options as { readonly map?: RowFunction };
      return typeof map === 'function' ? [[name, map] as const] : [];
    }),
  );
  return {
    map: (view, row) => {
      const map = rowFunctions.get(view);
      if (map === undefined) {
        const known = suggestNames(view, rowFunctions.keys());
        throw new AsofError('UNKNOWN_NAME', { where: 'definitions', kind: 'view with a map', name: view, known });
      }
      return mapRow(view, map, row);
    },
    compute: (view, inputs, context) => {
      const computation = computations.get(view);
      if (computation === undefined) {
        const known = suggestNames(view, computations.keys());
        throw new AsofError('UNKNOWN_NAME', { where: 'definitions', kind: 'derived view', name: view, known });
      }
      return readOutputs(view, computation.outputs, call(view, computation, inputs, context));
    },
  };
}

function mapRow(
  view: string,
  map: RowFunction,
  row: Readonly<Record<string, unknown>>,
): readonly Readonly<Record<string, unknown>>[] {
  const invalid = (problem: string, cause?: unknown): AsofError =>
    new AsofError('INVALID_VALUE', { where: `view ${view}, map`, problem }, cause);
  let made: unknown;
  try {
    made = map(row);
  } catch (error) {
    throw invalid(`it failed: ${messageOf(error)}`, error);
  }
  if (made === null || made === undefined) return [];
  const rows: readonly unknown[] = Array.isArray(made) ? made : [made];
  return rows.map((one) => {
    if (typeof one === 'object' && one !== null && !Array.isArray(one) && !(one instanceof Promise)) {
      return one as Readonly<Record<string, unknown>>;
    }
    throw invalid(`it returned ${String(one).slice(0, 60)}, which is no row`);
  });
}

function call(
  view: string,
  { compute }: Computation,
  inputs: ComputeInputs,
  context: { readonly at: Timestamp },
): unknown {
  try {
    return compute(inputs, context);
  } catch (error) {
    const problem = `compute failed: ${messageOf(error)}`;
    throw new AsofError('INVALID_VALUE', { where: `view ${view}`, problem }, error);
  }
}
