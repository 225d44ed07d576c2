/** Derived views of an online read: the same functions as offline, over the cells of their inputs. */
import { AsofError, messageOf } from '../contracts/errors.ts';
import type { DerivedFeatureManifest } from '../contracts/manifest.ts';
import type { ComputeInputs, DefinitionRuntime, FeaturePlan, PlannedDerived, PlannedInput } from '../contracts/plan.ts';
import type { Micros } from '../contracts/time.ts';
import { Timestamp } from '../contracts/timestamp.ts';
import type { FeatureValue } from '../contracts/values.ts';
import { fromTypeScript, toTypeScript } from '../offline/typescript-values.ts';
import { answerOf, cellAt, placesOf, type AnsweredView } from './entity-answer.ts';
import { DENIED_CELL, presentCell, UNAVAILABLE_CELL, type OnlineCell } from './online-cell.ts';
import type { CheckedRequest } from './read-request.ts';

/** Prefix of the output columns to the answers of its view. */
export type AnswersByView = Map<string, AnsweredView>;

interface DerivedContext {
  readonly runtime: Pick<DefinitionRuntime, 'compute'>;
  readonly isDenied?: (view: string, feature: string) => boolean;
}

/** Adds the answers of every derived view, in dependency order. */
export function computeDerived(
  plan: FeaturePlan,
  { runtime, isDenied: isDeniedTo }: DerivedContext,
  checked: CheckedRequest,
  at: Micros,
  views: AnswersByView,
): void {
  const context = { at: new Timestamp(at) };
  for (const derived of plan.derived) {
    const isDenied = derived.features.map(({ name }) => isDeniedTo?.(derived.view.name, name) ?? false);
    const answers = Array.from({ length: checked.entities }, (_, entity) => {
      const cells = deriveEntity(derived, runtime, checked, context, views, entity);
      return answerOf(cells.map((cell, place) => (isDenied[place] ? DENIED_CELL : cell)));
    });
    views.set(derived.as, { answers, places: placesOf(derived.features) });
  }
}

function deriveEntity(
  derived: PlannedDerived,
  runtime: Pick<DefinitionRuntime, 'compute'>,
  checked: CheckedRequest,
  context: { readonly at: Timestamp },
  views: AnswersByView,
  entity: number,
): readonly OnlineCell[] {
  const inputs = derived.inputs.flatMap((input) => inputCells(input, views, entity));
  if (inputs.some(({ status }) => status === 'DENIED')) return derived.features.map(() => DENIED_CELL);
  if (inputs.some(({ status }) => status === 'UNAVAILABLE')) return derived.features.map(() => UNAVAILABLE_CELL);
  const values = Object.fromEntries(
    derived.inputs.map((input) => [input.name, inputValues(input, checked, views, entity)]),
  );
  const result = computeNamed(derived, runtime, values, context);
  const servedFrom = inputs.some((input) => input.servedFrom === 'lake') ? 'lake' : 'online';
  const newest = inputs.reduce<Micros | null>(
    (latest, { eventTimestamp }) => (latest === null || (eventTimestamp ?? latest) > latest ? eventTimestamp : latest),
    null,
  );
  return derived.features.map((feature) =>
    presentCell(derivedValue(derived, feature, result[feature.name]), newest, servedFrom),
  );
}

function inputCells(input: PlannedInput, views: AnswersByView, entity: number): readonly OnlineCell[] {
  if (input.kind === 'request') return [];
  return input.features.map((feature) => cellOf(views, input.as, feature, entity));
}

function inputValues(
  input: PlannedInput,
  checked: CheckedRequest,
  views: AnswersByView,
  entity: number,
): Readonly<Record<string, unknown>> {
  if (input.kind === 'request') {
    return Object.fromEntries(input.columns.map((column) => [column, checked.request.get(column)![entity]!]));
  }
  return Object.fromEntries(
    input.features.map((feature) => [feature, foundValue(cellOf(views, input.as, feature, entity))]),
  );
}

function cellOf(views: AnswersByView, as: string, feature: string, entity: number): OnlineCell {
  const { answers, places } = views.get(as)!;
  return cellAt(answers[entity]!, places.get(feature)!);
}

/** A default stands in for a missing value in answers; to a function the value is missing. */
function foundValue({ value, status }: OnlineCell): FeatureValue {
  return status === 'DEFAULT' ? null : value;
}

function computeNamed(
  { view }: PlannedDerived,
  runtime: Pick<DefinitionRuntime, 'compute'>,
  values: ComputeInputs,
  context: { readonly at: Timestamp },
): Readonly<Record<string, unknown>> {
  try {
    return runtime.compute(view.name, values, context);
  } catch (error) {
    throw new AsofError(
      'INVALID_VALUE',
      { where: `view ${view.name}`, problem: `compute failed: ${messageOf(error)}` },
      error,
    );
  }
}

function derivedValue({ view }: PlannedDerived, feature: DerivedFeatureManifest, value: unknown): FeatureValue {
  const stored = fromTypeScript(value, feature.valueType);
  if (stored !== undefined) return toTypeScript(stored, feature.valueType, false);
  throw new AsofError('INVALID_VALUE', {
    where: `view ${view.name}, feature ${feature.name}`,
    problem: `compute returned ${String(value).slice(0, 60)}, which is not a ${feature.valueType}`,
  });
}
