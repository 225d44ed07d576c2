/** Compact binary writing and reading: variable-length integers, doubles, text. */

const CHUNK = 64;
const MAX_SAFE = BigInt(Number.MAX_SAFE_INTEGER);
const TWO_32 = 2 ** 32;
/** Of the seventh byte: 49 bits are exact in a double. */
const LAST_PLAIN_SCALE = 2 ** 42;
const encoder = new TextEncoder();
const decoder = new TextDecoder();

export class ByteWriter {
  /** Of the shared pool as long as it is small: most writers write some bytes, and there are many of them. */
  #bytes: Uint8Array = Buffer.allocUnsafe(CHUNK);
  #doubles: DataView | undefined;
  #length = 0;

  get #view(): DataView {
    return (this.#doubles ??= new DataView(this.#bytes.buffer, this.#bytes.byteOffset, this.#bytes.byteLength));
  }

  /** What was written, as an array of its own. */
  finish(): Uint8Array {
    return new Uint8Array(this.#bytes.subarray(0, this.#length));
  }

  /** What was written, where it stands: valid until something else is written. */
  view(): Uint8Array {
    return this.#bytes.subarray(0, this.#length);
  }

  /** Starts again from nothing and keeps the space: one writer serves many values. */
  clear(): void {
    this.#length = 0;
  }

  byte(value: number): void {
    this.#reserve(1);
    this.#bytes[this.#length++] = value;
  }

  /** A whole number in `size` bytes (at most 6), most significant first: what a script in Redis can unpack. */
  bigEndian(value: number, size: number): void {
    this.#reserve(size);
    let rest = value;
    let place = this.#length + size - 1;
    // beyond 32 bits shifts would lose the upper ones
    for (; rest >= TWO_32; place -= 1) {
      this.#bytes[place] = rest % 0x100;
      rest = Math.floor(rest / 0x100);
    }
    for (; place >= this.#length; place -= 1) {
      this.#bytes[place] = rest;
      rest >>>= 8;
    }
    this.#length += size;
  }

  /** A whole number from 0 to 2^53 - 1, seven bits a byte. */
  count(value: number): void {
    let rest = value;
    while (rest > 0x7f) {
      this.byte((rest % 0x80) | 0x80);
      rest = Math.floor(rest / 0x80);
    }
    this.byte(rest);
  }

  /** A signed integer of any size: zigzag, seven bits a byte. */
  integer(value: bigint): void {
    let rest = value < 0n ? -2n * value - 1n : 2n * value;
    if (rest <= MAX_SAFE) return this.count(Number(rest));
    while (rest > 0x7fn) {
      this.byte(Number(rest & 0x7fn) | 0x80);
      rest >>= 7n;
    }
    this.byte(Number(rest));
  }

  double(value: number): void {
    this.#reserve(8);
    this.#view.setFloat64(this.#length, value, true);
    this.#length += 8;
  }

  float(value: number): void {
    this.#reserve(4);
    this.#view.setFloat32(this.#length, value, true);
    this.#length += 4;
  }

  unsigned64(value: bigint): void {
    this.#reserve(8);
    this.#view.setBigUint64(this.#length, value, true);
    this.#length += 8;
  }

  text(value: string): void {
    const encoded = encoder.encode(value);
    this.count(encoded.length);
    this.#reserve(encoded.length);
    this.#bytes.set(encoded, this.#length);
    this.#length += encoded.length;
  }

  /** Bytes behind their length. */
  block(value: Uint8Array): void {
    this.count(value.length);
    this.#reserve(value.length);
    this.#bytes.set(value, this.#length);
    this.#length += value.length;
  }

  #reserve(count: number): void {
    if (this.#length + count <= this.#bytes.length) return;
    const grown = new Uint8Array(Math.max(this.#bytes.length * 2, this.#length + count));
    grown.set(this.#bytes);
    this.#bytes = grown;
    this.#doubles = undefined;
  }
}

/** Reads what a `ByteWriter` wrote, in the same order. Throws a `RangeError` past the end. */
export class ByteReader {
  readonly #bytes: Uint8Array;
  #doubles: DataView | undefined;
  #position = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  /** Made when it is needed: it costs more than many a value. */
  get #view(): DataView {
    const bytes = this.#bytes;
    return (this.#doubles ??= new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength));
  }

  byte(): number {
    const byte = this.#bytes[this.#position];
    if (byte === undefined) throw new RangeError('the bytes end in the middle of a value');
    this.#position += 1;
    return byte;
  }

  bigEndian(size: number): number {
    let value = 0;
    for (let place = 0; place < size; place += 1) value = value * 0x100 + this.byte();
    return value;
  }

  count(): number {
    let value = 0;
    let scale = 1;
    for (;;) {
      const byte = this.byte();
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value;
      scale *= 0x80;
    }
  }

  integer(): bigint {
    const small = this.smallInteger();
    if (small !== undefined) return BigInt(small);
    let value = 0n;
    for (let shift = 0n; ; shift += 7n) {
      const byte = this.byte();
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return value & 1n ? -(value >> 1n) - 1n : value >> 1n;
    }
  }

  /** An integer that is known to be a safe one. */
  safeInteger(): number {
    return this.smallInteger() ?? Number(this.integer());
  }

  /**
   * One of at most seven bytes, which is one within ±2^48; undefined for a longer one, which is still to be read. Most are short, and a
   * bigint for each byte costs ten times as much.
   */
  smallInteger(): number | undefined {
    const from = this.#position;
    let value = 0;
    for (let scale = 1; scale <= LAST_PLAIN_SCALE; scale *= 0x80) {
      const byte = this.byte();
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
    }
    this.#position = from;
    return undefined;
  }

  double(): number {
    const value = this.#view.getFloat64(this.#position, true);
    this.#position += 8;
    return value;
  }

  float(): number {
    const value = this.#view.getFloat32(this.#position, true);
    this.#position += 4;
    return value;
  }

  unsigned64(): bigint {
    const value = this.#view.getBigUint64(this.#position, true);
    this.#position += 8;
    return value;
  }

  text(): string {
    const length = this.count();
    const value = decoder.decode(this.#bytes.subarray(this.#position, this.#position + length));
    this.#position += length;
    return value;
  }

  block(): Uint8Array {
    const length = this.count();
    const value = this.slice(this.#position, length);
    this.#position += length;
    return value;
  }

  /** Where the next byte is. */
  get position(): number {
    return this.#position;
  }

  /** Goes on from there. */
  seek(position: number): void {
    this.#position = position;
  }

  /** Bytes at a place, without going there. */
  slice(from: number, length: number): Uint8Array {
    return this.#bytes.subarray(from, from + length);
  }
}
