/** Batches of inputs that are staged together: enough for a full file, little enough for one activity. Pure. */

const GROUP_BYTES = 256 * 2 ** 20;
const GROUP_ROWS = 1_000_000;

/** Positions of neighbours, in order; an input that is too large for any group is one by itself. */
export function groupInputs(
  inputs: readonly { readonly bytes: number; readonly rows: number }[],
): readonly (readonly number[])[] {
  const groups: number[][] = [];
  let bytes = Infinity;
  let rows = Infinity;
  inputs.forEach((input, index) => {
    if (bytes + input.bytes > GROUP_BYTES || rows + input.rows > GROUP_ROWS) {
      groups.push([]);
      bytes = 0;
      rows = 0;
    }
    groups.at(-1)?.push(index);
    bytes += input.bytes;
    rows += input.rows;
  });
  return groups;
}
