/** Parsers of option values. */
import { ENGINE_WISHES, type EngineWish } from '../contracts/engines.ts';
import { AsofError } from '../contracts/errors.ts';

export function parseCount(text: string, option: string): number {
  const value = Number(text);
  if (Number.isInteger(value) && value > 0) return value;
  throw new AsofError('USAGE', { problem: `${option} takes a whole number above 0, not "${text}"` });
}

export function parseWholeNumber(text: string, option: string): number {
  const value = Number(text);
  if (/^\d+$/.test(text) && Number.isSafeInteger(value)) return value;
  throw new AsofError('USAGE', { problem: `${option} takes a whole number from 0 to 2^53 - 1, not "${text}"` });
}

/** Collects a repeatable option. */
export function collect(text: string, earlier: readonly string[] = []): readonly string[] {
  return [...earlier, text];
}

/** Throws `USAGE`. */
export function parseEngine(text: string): EngineWish {
  const engine = ENGINE_WISHES.find((one) => one === text);
  if (engine !== undefined) return engine;
  throw new AsofError('USAGE', { problem: `--engine takes ${ENGINE_WISHES.join(', ')}, not "${text}"` });
}

/** `a:x,b:y` to a list; names hold no commas. */
export function parseNames(text: string): readonly string[] {
  return text
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '');
}
