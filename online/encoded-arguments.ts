/**
 * Arguments of a command as Redis' protocol has them, one behind the other: an argument costs a copy of its bytes and no
 * object of its own, which counts where a command has hundreds of small ones.
 */
const FIRST_BYTES = 16_384;
/** A dollar, the digits of a length, and two line ends. */
const FRAME_BYTES = 16;
const DOLLAR = 0x24;
const RETURN = 0x0d;
const FEED = 0x0a;
const ZERO = 0x30;

export class EncodedArguments {
  #bytes = Buffer.allocUnsafe(FIRST_BYTES);
  #length = 0;
  #count = 0;

  get count(): number {
    return this.#count;
  }

  /** Of what was added, frames included. */
  get byteLength(): number {
    return this.#length;
  }

  /** Adds one argument, made of two parts. Both are copied. */
  add(first: Uint8Array, second: Uint8Array = NOTHING): void {
    const size = first.length + second.length;
    this.#reserve(size + FRAME_BYTES);
    this.#bytes[this.#length++] = DOLLAR;
    this.#writeDecimal(size);
    this.#endLine();
    this.#bytes.set(first, this.#length);
    if (second.length > 0) this.#bytes.set(second, this.#length + first.length);
    this.#length += size;
    this.#endLine();
    this.#count += 1;
  }

  /** Everything that was added; valid until the next `add`. */
  bytes(): Buffer {
    return this.#bytes.subarray(0, this.#length);
  }

  #endLine(): void {
    this.#bytes[this.#length++] = RETURN;
    this.#bytes[this.#length++] = FEED;
  }

  #writeDecimal(value: number): void {
    let digits = 1;
    for (let rest = value; rest >= 10; rest = Math.floor(rest / 10)) digits += 1;
    let rest = value;
    for (let place = this.#length + digits - 1; place >= this.#length; place -= 1) {
      this.#bytes[place] = ZERO + (rest % 10);
      rest = Math.floor(rest / 10);
    }
    this.#length += digits;
  }

  #reserve(count: number): void {
    if (this.#length + count <= this.#bytes.length) return;
    const grown = Buffer.allocUnsafe(Math.max(this.#bytes.length * 2, this.#length + count));
    grown.set(this.#bytes.subarray(0, this.#length));
    this.#bytes = grown;
  }
}

const NOTHING = new Uint8Array(0);

/** A list that begins with these. */
export function startArguments(first: readonly Uint8Array[]): EncodedArguments {
  const list = new EncodedArguments();
  for (const one of first) list.add(one);
  return list;
}
