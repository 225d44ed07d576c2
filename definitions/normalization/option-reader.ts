import type { Metadata } from '../../contracts/manifest.ts';
import { parseDuration } from '../../contracts/time.ts';
import { closestNames } from '../closest-names.ts';
import { Place, Problems } from './problems.ts';

const METADATA = ['description', 'owner', 'tags'] as const;
export const DURATION_RULE = 'write a positive whole number and a unit, such as 500ms, 30s, 5m, 1h, 7d or 2w';

/** Reads the options of one definition by type; what is wrong is reported at its place and read as absent. */
export class OptionReader {
  readonly place: Place;
  readonly #values: Readonly<Record<string, unknown>>;

  /** Reports options that are neither in `known` nor metadata, each with the option that was probably meant. */
  constructor(options: unknown, place: Place, known: readonly string[], metadata: readonly string[] = METADATA) {
    // without options, what they lack is one problem
    this.place = isRecord(options) ? place : new Place(new Problems(), place.file, place.text);
    this.#values = isRecord(options) ? options : {};
    if (!isRecord(options)) place.report(`the options are ${show(options)}`, 'give an object of options');
    const allowed = [...known, ...metadata];
    for (const name of Object.keys(this.#values).filter((one) => !allowed.includes(one))) {
      const [nearest] = closestNames(name, allowed);
      const mend = nearest === undefined ? `known options: ${allowed.join(', ')}` : `did you mean "${nearest}"?`;
      place.report(`unknown option "${name}"`, mend);
    }
  }

  get(name: string): unknown {
    return Object.hasOwn(this.#values, name) ? this.#values[name] : undefined;
  }

  text(name: string): string | null {
    const value = this.get(name);
    if (value === undefined) return null;
    if (typeof value === 'string' && value !== '') return value;
    this.#report(name, value, 'give a text');
    return null;
  }

  requiredText(name: string, mend: string): string {
    if (this.get(name) === undefined) this.place.in(name).report(`the option "${name}" is missing`, mend);
    return this.text(name) ?? '';
  }

  flag(name: string, otherwise: boolean): boolean {
    const value = this.get(name);
    if (value === undefined || typeof value === 'boolean') return value ?? otherwise;
    this.#report(name, value, 'give true or false');
    return otherwise;
  }

  /** Microseconds. */
  duration(name: string): number | null {
    const value = this.get(name);
    if (value === undefined) return null;
    const micros = typeof value === 'string' ? parseDuration(value) : undefined;
    if (micros === undefined) this.#report(name, value, DURATION_RULE);
    return micros ?? null;
  }

  choice<const Choice extends string>(name: string, choices: readonly Choice[], otherwise: Choice): Choice {
    const value = this.get(name);
    if (value === undefined) return otherwise;
    const chosen = choices.find((choice) => choice === value);
    if (chosen === undefined) this.#report(name, value, `choose one of ${choices.join(', ')}`);
    return chosen ?? otherwise;
  }

  list(name: string): readonly unknown[] {
    const value = this.get(name);
    if (value === undefined) return [];
    if (Array.isArray(value)) return value;
    this.#report(name, value, 'give a list');
    return [];
  }

  texts(name: string): readonly string[] {
    const values = this.list(name);
    const texts = values.filter((value) => typeof value === 'string');
    if (texts.length < values.length) this.#report(name, values, 'give a list of texts');
    return texts;
  }

  record(name: string): Readonly<Record<string, unknown>> {
    const value = this.get(name);
    if (value === undefined) return {};
    if (isRecord(value)) return value;
    this.#report(name, value, 'give an object');
    return {};
  }

  metadata(): Metadata {
    const description = this.text('description');
    const owner = this.text('owner');
    const tags = this.texts('tags');
    return {
      ...(description !== null && { description }),
      ...(owner !== null && { owner }),
      ...(tags.length > 0 && { tags }),
    };
  }

  #report(name: string, value: unknown, mend: string): void {
    this.place.in(name).report(`${show(value)} is not a valid value`, mend);
  }
}

export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** A short text of any value, for messages. */
export function show(value: unknown): string {
  if (typeof value === 'function') return 'a function';
  if (typeof value === 'bigint') return `${value}`;
  if (typeof value === 'object' && value !== null && 'definition' in value)
    return `a definition (${String(value.definition)})`;
  const text =
    JSON.stringify(value, (_, part: unknown) => (typeof part === 'bigint' ? `${part}` : part)) ?? String(value);
  return text.length > 80 ? `${text.slice(0, 80)}…` : text;
}
