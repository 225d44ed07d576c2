/** What an aggregate function takes beside its column and its window. */
import { QUANTILE_DIGITS, type AggregateFeatureManifest, type AggregateFunction } from '../../contracts/manifest.ts';
import { show, type OptionReader } from './option-reader.ts';

const DEFAULT_LIMIT = 100;
const GREATEST_LIMIT = 10_000;

/** Names of the options that the function adds to those of all. */
export function functionOptions(name: AggregateFunction): readonly string[] {
  return name === 'collectDistinct' ? ['limit'] : [];
}

/** Empty for a function without parameters. */
export function normalizeFunctionParameters(
  name: AggregateFunction,
  definition: Readonly<Record<string, unknown>>,
  options: OptionReader,
): Pick<AggregateFeatureManifest, 'quantile' | 'limit'> {
  switch (name) {
    case 'approxQuantile':
      return { quantile: normalizeQuantile(definition.quantile, options) };
    case 'collectDistinct':
      return { limit: normalizeLimit(options) };
    default:
      return {};
  }
}

function normalizeQuantile(given: unknown, options: OptionReader): number {
  if (typeof given === 'number' && given >= 0 && given <= 1 && Number(given.toFixed(QUANTILE_DIGITS)) === given) {
    return given;
  }
  const mend = `give a number from 0 to 1 with at most ${QUANTILE_DIGITS} digits after the point, such as 0.95`;
  options.place.in('p').report(`${show(given)} is not a quantile`, mend);
  return 0.5;
}

function normalizeLimit(options: OptionReader): number {
  const given = options.get('limit') ?? DEFAULT_LIMIT;
  if (Number.isSafeInteger(given) && Number(given) > 0 && Number(given) <= GREATEST_LIMIT) return Number(given);
  const mend = `give a whole number from 1 to ${GREATEST_LIMIT}`;
  options.place.in('limit').report(`${show(given)} is not a number of values`, mend);
  return DEFAULT_LIMIT;
}
