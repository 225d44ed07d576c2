/** The oracle's aggregate functions over a list of values in row order. */
import { createHash } from 'node:crypto';
import type { AggregateFeatureManifest } from '../../contracts/manifest.ts';
import type { EngineValue } from '../../engine/engine.ts';

interface Aggregated {
  readonly value: EngineValue;
  readonly tolerance: number;
}

/** What a function is asked for, beside its rows. */
export type Asked = Pick<AggregateFeatureManifest, 'function' | 'quantile' | 'limit'>;

export function aggregateValue({ function: name, quantile, limit }: Asked, values: readonly EngineValue[]): Aggregated {
  if (name === 'count') return exact(BigInt(values.length));
  const inputs = values.filter((value) => value !== null);
  if (inputs.length === 0) return exact(null);
  switch (name) {
    case 'sum':
      return typeof inputs[0] === 'bigint' ? exact(integerSum(inputs)) : close(floatSum(inputs), inputs);
    case 'mean':
      return close(
        typeof inputs[0] === 'bigint' ? Number(integerSum(inputs)) / inputs.length : floatSum(inputs) / inputs.length,
        inputs,
      );
    case 'stddev':
      return inputs.length < 2 ? exact(null) : close(deviation(inputs.map(Number)), inputs);
    case 'variance': {
      if (inputs.length < 2) return exact(null);
      const size = inputs.reduce<number>((total, input) => total + Number(input) ** 2, 0);
      return { value: variance(inputs.map(Number)), tolerance: 1e-9 * size };
    }
    case 'min':
      return exact(withoutMinusZero(inputs.reduce((best, value) => (isLess(value, best) ? value : best))));
    case 'max':
      return exact(withoutMinusZero(inputs.reduce((best, value) => (isLess(best, value) ? value : best))));
    case 'first':
      return exact(inputs[0]!);
    case 'last':
      return exact(inputs.at(-1)!);
    case 'lastN':
      return exact(inputs.toReversed());
    case 'approxCountDistinct':
      return exact(distinctEstimate(inputs));
    case 'approxQuantile': {
      const ordered = ascending(inputs.map(Number));
      return exact(sevenDigits(ordered[firstAtShare(ordered.length, quantile!)] as number));
    }
    case 'mostFrequent':
      return exact(mostFrequent(inputs));
    case 'collectDistinct':
      return exact(ascending(distinctValues(inputs)).slice(0, limit));
  }
}

function exact(value: EngineValue): Aggregated {
  return { value, tolerance: 0 };
}

function close(value: number, inputs: readonly EngineValue[]): Aggregated {
  return { value, tolerance: 1e-9 * inputs.reduce<number>((total, input) => total + Math.abs(Number(input)), 0) };
}

function integerSum(values: readonly EngineValue[]): bigint {
  return values.reduce<bigint>((total, value) => total + (value as bigint), 0n);
}

/** Small terms first, so that the oracle itself loses little. */
function floatSum(values: readonly EngineValue[]): number {
  const sorted = values.map(Number).sort((a, b) => Math.abs(a) - Math.abs(b));
  return sorted.reduce((total, value) => total + value, 0);
}

function deviation(values: readonly number[]): number {
  return Math.sqrt(variance(values));
}

function variance(values: readonly number[]): number {
  const mean = floatSum(values) / values.length;
  const squares = floatSum(values.map((value) => (value - mean) ** 2));
  return Number.isFinite(squares) ? squares / (values.length - 1) : Number.NaN;
}

function ascending(values: readonly EngineValue[]): readonly EngineValue[] {
  return values.toSorted((a, b) => (isLess(a, b) ? -1 : isLess(b, a) ? 1 : 0));
}

/** The position of the first of `count` values at which a share of p, a decimal of six digits, has been reached. */
function firstAtShare(count: number, p: number): number {
  const share = BigInt(p.toFixed(6).replace('.', ''));
  let position = 0;
  while (BigInt(position + 1) * 1_000_000n < BigInt(count) * share) position++;
  return position;
}

/** Rounded to seven significant binary digits, half away from zero; the largest that are finite stay finite. */
function sevenDigits(value: number): number {
  if (!Number.isFinite(value) || value === 0) return value + 0;
  let unit = 2 ** -1022;
  if (Math.abs(value) < unit) return 0;
  while (unit < 2 ** 1023 && Math.abs(value) >= 2 * unit) unit *= 2;
  const digits = Math.floor((Math.abs(value) / unit) * 64 + 0.5);
  return Math.sign(value) * unit * (Math.min(digits, unit === 2 ** 1023 ? 127 : 128) / 64);
}

/** Zero and minus zero are one value, and so are two NaN. */
function distinctValues(values: readonly EngineValue[]): readonly EngineValue[] {
  return values
    .map(withoutMinusZero)
    .filter((value, place, all) => all.findIndex((o) => Object.is(o, value)) === place);
}

function mostFrequent(values: readonly EngineValue[]): EngineValue {
  const rowsOf = (wanted: EngineValue): number =>
    values.filter((value) => Object.is(withoutMinusZero(value), wanted)).length;
  const distinct = ascending(distinctValues(values));
  const most = Math.max(...distinct.map(rowsOf));
  return distinct.find((value) => rowsOf(value) === most)!;
}

function withoutMinusZero(value: EngineValue): EngineValue {
  return typeof value === 'number' ? value + 0 : value;
}

/** NaN is the greatest number; text is ordered by its UTF-8 bytes. */
function isLess(a: EngineValue, b: EngineValue): boolean {
  if (typeof a === 'string' && typeof b === 'string') return Buffer.compare(Buffer.from(a), Buffer.from(b)) < 0;
  if (Number.isNaN(a)) return false;
  if (Number.isNaN(b)) return true;
  return (a as number) < (b as number);
}

function distinctEstimate(values: readonly EngineValue[]): bigint {
  const hashes = [...new Set(values.map(hash))].sort((a, b) => (a < b ? -1 : 1));
  if (hashes.length < 1024) return BigInt(hashes.length);
  return BigInt(Math.round(1023 / (Number(hashes[1023]) / 2 ** 64)));
}

/** The last eight bytes of the MD5 of the value's text, the last byte most significant. */
function hash(value: EngineValue): bigint {
  const digest = createHash('md5').update(text(value)).digest('hex');
  const bytes = digest.slice(16).match(/../g)!.reverse().join('');
  return BigInt(`0x${bytes}`);
}

function text(value: EngineValue): string {
  if (typeof value !== 'number') return String(value);
  if (Number.isNaN(value)) return 'nan';
  if (!Number.isFinite(value)) return value < 0 ? '-inf' : 'inf';
  const [digits, exponent] = (value === 0 ? 0 : value).toExponential(16).split('e') as [string, string];
  return `${digits}e${exponent[0]!}${exponent.slice(1).padStart(2, '0')}`;
}
