/** The executable side of definitions: the functions of derived views. */
import { AsofError, messageOf } from '../contracts/errors.ts';
import type { ComputeInputs, DefinitionRuntime } from '../contracts/plan.ts';
import type { Timestamp } from '../contracts/timestamp.ts';
import { readOutputs, type Outputs } from './loading/derived-outputs.ts';
import { evaluateBundle } from './loading/evaluation.ts';
import { collectDefinitions, definitionsOf, type DefinitionSet } from './normalization/definition-set.ts';
import { suggestNames } from './closest-names.ts';

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
 * when the function throws or returns something else than its declared features.
 */
export function createRuntime(set: DefinitionSet): DefinitionRuntime {
  const computations = new Map(
    definitionsOf(set, 'derivedView').map(({ definition: { name, options } }) => {
      const { features, compute } = options as { readonly features: Outputs } & Pick<Computation, 'compute'>;
      return [name, { outputs: features, compute }];
    }),
  );
  return {
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
