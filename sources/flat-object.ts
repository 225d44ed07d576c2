/**
 * Reads the bytes of a JSON object without parsing it whole: where its members stand and of which kind they are. It takes what
 * nearly every message is, and leaves the rest to a reader that takes everything: nested values, escapes, a member that comes
 * twice, numbers with an exponent or very many digits.
 */
import { isUtf8 } from 'node:buffer';

/** What a member is; `ABSENT` for one that the object does not have. */
export const MEMBER = { ABSENT: 0, TEXT: 1, INTEGER: 2, FRACTION: 3, TRUE: 4, FALSE: 5, NULL: 6 } as const;
export type MemberKind = (typeof MEMBER)[keyof typeof MEMBER];

/** So many digits and signs of a number: fewer than a 64-bit integer may have. */
const LONGEST_NUMBER = 18;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const SPACE = 0x20;
const COMMA = 0x2c;
const MINUS = 0x2d;
const POINT = 0x2e;
const ZERO = 0x30;
const NINE = 0x39;
const COLON = 0x3a;
const OPENING = 0x7b;
const CLOSING = 0x7d;

const WORDS = [
  { kind: MEMBER.TRUE, bytes: Buffer.from('true') },
  { kind: MEMBER.FALSE, bytes: Buffer.from('false') },
  { kind: MEMBER.NULL, bytes: Buffer.from('null') },
] as const;

/** Serves one object after the other; what it says is of the one that was scanned last. */
export class FlatObject {
  readonly #names: readonly Buffer[];
  readonly #places: ReadonlyMap<string, number>;
  readonly #kinds: Uint8Array;
  readonly #starts: Uint32Array;
  readonly #ends: Uint32Array;
  /** The member that stood at each place last time: producers write theirs in one order. */
  readonly #order: number[] = [];
  #others: string[] = [];
  #bytes: Buffer = Buffer.alloc(0);
  #at = 0;
  #isAscii = true;

  /** @param names of the members that are asked for, by position */
  constructor(names: readonly string[]) {
    this.#names = names.map((name) => Buffer.from(name));
    this.#places = new Map(names.map((name, place) => [name, place]));
    this.#kinds = new Uint8Array(names.length);
    this.#starts = new Uint32Array(names.length);
    this.#ends = new Uint32Array(names.length);
  }

  /** Names of members that were not asked for, as they come. */
  get others(): readonly string[] {
    return this.#others;
  }

  /** False for what has to be read by other means, whether it is JSON or not. */
  scan(bytes: Buffer): boolean {
    this.#bytes = bytes;
    this.#at = 0;
    this.#isAscii = true;
    this.#kinds.fill(MEMBER.ABSENT);
    if (this.#others.length > 0) this.#others = [];
    return this.#object() && (this.#isAscii || isUtf8(bytes));
  }

  kind(place: number): MemberKind {
    return this.#kinds[place] as MemberKind;
  }

  /** Of a text without its quotes, as of a number. */
  start(place: number): number {
    return this.#starts[place]!;
  }

  end(place: number): number {
    return this.#ends[place]!;
  }

  text(place: number): string {
    return this.#bytes.toString(this.#isAscii ? 'latin1' : 'utf8', this.#starts[place], this.#ends[place]);
  }

  #object(): boolean {
    if (this.#next() !== OPENING) return false;
    if (this.#peek() === CLOSING) this.#at += 1;
    else
      for (let count = 0; ; count += 1) {
        if (!this.#member(count)) return false;
        const after = this.#next();
        if (after === CLOSING) break;
        if (after !== COMMA) return false;
      }
    return Number.isNaN(this.#peek());
  }

  #member(count: number): boolean {
    if (this.#next() !== QUOTE) return false;
    const start = this.#at;
    if (!this.#text()) return false;
    const place = this.#placeOf(count, start, this.#at - 1);
    if (place === undefined) this.#others.push(this.#bytes.toString('utf8', start, this.#at - 1));
    if (place !== undefined && this.#kinds[place] !== MEMBER.ABSENT) return false;
    return this.#next() === COLON && this.#value(place);
  }

  #placeOf(count: number, start: number, end: number): number | undefined {
    const likely = this.#names[this.#order[count] ?? -1];
    if (likely?.length === end - start && this.#holds(likely, start)) return this.#order[count];
    const place = this.#places.get(this.#bytes.toString('utf8', start, end));
    if (place !== undefined) this.#order[count] = place;
    return place;
  }

  #value(place: number | undefined): boolean {
    const first = this.#peek();
    let start = this.#at;
    let kind: MemberKind | undefined;
    if (first === QUOTE) {
      start = this.#at += 1;
      kind = this.#text() ? MEMBER.TEXT : undefined;
    } else if (first === MINUS || (first >= ZERO && first <= NINE)) kind = this.#number();
    else kind = this.#word();
    if (kind === undefined) return false;
    if (place !== undefined) {
      this.#kinds[place] = kind;
      this.#starts[place] = start;
      this.#ends[place] = kind === MEMBER.TEXT ? this.#at - 1 : this.#at;
    }
    return true;
  }

  /** Goes behind the closing quote. */
  #text(): boolean {
    const bytes = this.#bytes;
    for (let at = this.#at; at < bytes.length; at += 1) {
      const byte = bytes[at]!;
      if (byte === QUOTE) {
        this.#at = at + 1;
        return true;
      }
      if (byte < SPACE || byte === BACKSLASH) return false;
      if (byte > 0x7f) this.#isAscii = false;
    }
    return false;
  }

  #number(): MemberKind | undefined {
    const start = this.#at;
    if (this.#bytes[this.#at] === MINUS) this.#at += 1;
    const whole = this.#at;
    const digits = this.#digits();
    if (digits === 0 || (digits > 1 && this.#bytes[whole] === ZERO)) return undefined;
    let kind: MemberKind = MEMBER.INTEGER;
    if (this.#bytes[this.#at] === POINT) {
      this.#at += 1;
      if (this.#digits() === 0) return undefined;
      kind = MEMBER.FRACTION;
    }
    // an exponent stops whoever called, since it is no separator
    return this.#at - start > LONGEST_NUMBER ? undefined : kind;
  }

  #digits(): number {
    const from = this.#at;
    while (this.#bytes[this.#at]! >= ZERO && this.#bytes[this.#at]! <= NINE) this.#at += 1;
    return this.#at - from;
  }

  #word(): MemberKind | undefined {
    const found = WORDS.find(({ bytes }) => this.#holds(bytes, this.#at));
    this.#at += found?.bytes.length ?? 0;
    return found?.kind;
  }

  #holds(expected: Buffer, from: number): boolean {
    for (let place = 0; place < expected.length; place += 1) {
      if (this.#bytes[from + place] !== expected[place]) return false;
    }
    return true;
  }

  /** The next byte that is no space, gone past. */
  #next(): number {
    const byte = this.#peek();
    this.#at += 1;
    return byte;
  }

  /** NaN at the end. */
  #peek(): number {
    const bytes = this.#bytes;
    for (;;) {
      const byte = bytes[this.#at];
      if (byte === undefined) return Number.NaN;
      if (byte !== SPACE && byte !== 0x0a && byte !== 0x0d && byte !== 0x09) return byte;
      this.#at += 1;
    }
  }
}
