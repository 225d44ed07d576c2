/**
 * The bins of a column: for a number the edges, for a text or boolean the frequent values. Rows are counted at each edge and
 * between the edges, so that one count gives the deciles of PSI and the steps of KS and Wasserstein.
 */
import type { BinnedRows, Bins, NumberBins } from '../../contracts/drift.ts';
import type { WeightedValue } from './wasserstein.ts';

/**
 * Rows by the bins that shares are of: numbers up to each decile and above the last one, or the categories and the others; then
 * the missing ones. Where the first decile is the least value of the baseline, what is below it is a bin too.
 */
export function shareRows(bins: Bins, { cells, missing }: BinnedRows): readonly number[] {
  if (bins.kind === 'category') return [...cells, missing];
  const rows: number[] = [0];
  for (const [cell, count] of cells.entries()) {
    rows.push(rows.pop()! + count);
    if (endsBin(bins, cell)) rows.push(0);
  }
  return [...rows, missing];
}

/** Of the bins of `shareRows`, for people. */
export function binNames(bins: Bins): readonly string[] {
  if (bins.kind === 'category') return [...bins.values, 'other', 'missing'];
  const { edges, deciles } = bins;
  const [first, last] = [deciles[0], deciles.at(-1)];
  if (first === undefined || last === undefined) return ['all', 'missing'];
  const below = first === edges[0] ? [`< ${first}`] : [];
  return [...below, ...deciles.map((decile) => `≤ ${decile}`), `> ${last}`, 'missing'];
}

function endsBin({ edges, deciles }: NumberBins, cell: number): boolean {
  if (cell % 2 === 1) return deciles.includes(edges[(cell - 1) / 2]!);
  return cell === 0 && deciles.length > 0 && deciles[0] === edges[0];
}

/** Where the finite rows stand: at an edge, in the middle between two, and on both sides of all at their mean. */
export function placesOf({ edges }: NumberBins, { cells, below, above }: BinnedRows): readonly WeightedValue[] {
  const between = cells.slice(1, -1).map((weight, index) => {
    const edge = edges[Math.floor(index / 2)]!;
    // half of each: their sum may be infinite
    return { weight, value: index % 2 === 0 ? edge : edge / 2 + edges[(index + 1) / 2]! / 2 };
  });
  const tails = [below, above].map(({ rows, mean }) => ({ weight: rows, value: mean }));
  return [...between, ...tails].filter(({ weight }) => weight > 0);
}
