/** The sorted requests, taken key range by key range in pieces of bounded size. */
import type { ColumnBatch } from '../../engine/engine.ts';

/** Requests by (key, time). */
export interface RequestBlock {
  readonly count: number;
  readonly key: Int32Array;
  readonly at: BigInt64Array;
  /** The spine's row ordinals. */
  readonly row: BigInt64Array;
}

export class RequestReader {
  readonly #batches: AsyncIterator<ColumnBatch>;
  readonly #pieceRows: number;
  #batch: RequestBlock | undefined;
  #position = 0;

  /** `batches` are those of `requestsSql`; `pieceRows` is the most that one `take` gives. */
  constructor(batches: AsyncIterable<ColumnBatch>, pieceRows: number) {
    this.#batches = batches[Symbol.asyncIterator]();
    this.#pieceRows = pieceRows;
  }

  /** The next requests with a key up to `lastKey`; undefined when there are no more of them. */
  async take(lastKey: number): Promise<RequestBlock | undefined> {
    const pieces: RequestBlock[] = [];
    let count = 0;
    while (count < this.#pieceRows) {
      const batch = await this.#current();
      if (!batch) break;
      const end = Math.min(endOfKeys(batch, this.#position, lastKey), this.#position + this.#pieceRows - count);
      if (end === this.#position) break;
      pieces.push(slice(batch, this.#position, end));
      count += end - this.#position;
      this.#position = end;
    }
    return count === 0 ? undefined : concatenate(pieces, count);
  }

  /** Ends the stream; needed when it was not read to its end. */
  async close(): Promise<void> {
    await this.#batches.return?.();
  }

  async #current(): Promise<RequestBlock | undefined> {
    while (!this.#batch || this.#position === this.#batch.count) {
      const next = await this.#batches.next();
      if (next.done) return undefined;
      const [key, at, row] = next.value.columns;
      this.#position = 0;
      this.#batch = {
        count: next.value.rows,
        key: key!.values as Int32Array,
        at: at!.values as BigInt64Array,
        row: row!.values as BigInt64Array,
      };
    }
    return this.#batch;
  }
}

/** The first position from `from` on whose key is above `lastKey`. */
function endOfKeys({ key, count }: RequestBlock, from: number, lastKey: number): number {
  let low = from;
  let high = count;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (key[middle]! <= lastKey) low = middle + 1;
    else high = middle;
  }
  return low;
}

function slice({ key, at, row }: RequestBlock, from: number, to: number): RequestBlock {
  return { count: to - from, key: key.subarray(from, to), at: at.subarray(from, to), row: row.subarray(from, to) };
}

function concatenate(pieces: readonly RequestBlock[], count: number): RequestBlock {
  const whole = { count, key: new Int32Array(count), at: new BigInt64Array(count), row: new BigInt64Array(count) };
  let position = 0;
  for (const piece of pieces) {
    whole.key.set(piece.key, position);
    whole.at.set(piece.at, position);
    whole.row.set(piece.row, position);
    position += piece.count;
  }
  return whole;
}
