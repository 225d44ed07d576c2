/** The first byte of every stored value: the format's version in the upper three bits, flags in the lower five. */
import { AsofError } from '../contracts/errors.ts';

const FORMAT_VERSION = 1;

/** Some value of the row is null: a bit field follows the order. Flags 2 and 4 belong to the row's order. */
export const STATE_HAS_NULLS = 1;
/** The state of an aggregate view, compared by position; without it, a row, compared by order. */
export const STATE_IS_AGGREGATE = 8;

/** The row says that its key was deleted: there are no values. */
export const STATE_IS_DELETED = 16;

/** Of an aggregate state: the events that are not settled follow its series. */
export const STATE_HAS_RECENT = 1;

export function stateForm(flags: number): number {
  return (FORMAT_VERSION << 5) | flags;
}

/** The flags of a stored value. Throws `INTERNAL` for a version that this code does not know. */
export function stateFlags(form: number): number {
  if (form >> 5 !== FORMAT_VERSION) {
    throw new AsofError('INTERNAL', { problem: `an online value has format ${form >> 5}, which is not known here` });
  }
  return form & 31;
}
