/** The Kolmogorov-Smirnov test of two samples. */

/** The greatest difference of the cumulative shares of rows, which are given by ascending cells. Each side has a row. */
export function greatestGap(a: readonly number[], b: readonly number[]): number {
  const [totalA, totalB] = [total(a), total(b)];
  let [belowA, belowB, gap] = [0, 0, 0];
  for (const [cell, rows] of a.entries()) {
    belowA += rows;
    belowB += b[cell]!;
    gap = Math.max(gap, Math.abs(belowA / totalA - belowB / totalB));
  }
  return gap;
}

/** The probability of a gap as great as this between samples of one distribution, in the limit of many rows. */
export function gapProbability(gap: number, rowsA: number, rowsB: number): number {
  return kolmogorovTail(gap * Math.sqrt((rowsA / (rowsA + rowsB)) * rowsB));
}

/** Where both series need few terms. */
const SERIES_MEET = 1.18;
const TERMS = 12;

/** P(K > x) of the Kolmogorov distribution: two forms of one theta function, each where it converges at once. */
function kolmogorovTail(x: number): number {
  if (x <= 0) return 1;
  let sum = 0;
  if (x < SERIES_MEET) {
    for (let k = 1; k <= TERMS; k += 1) sum += Math.exp(-(((2 * k - 1) * Math.PI) ** 2) / (8 * x * x));
    return 1 - (Math.sqrt(2 * Math.PI) / x) * sum;
  }
  for (let k = 1; k <= TERMS; k += 1) sum += (k % 2 === 1 ? 2 : -2) * Math.exp(-2 * k * k * x * x);
  return sum;
}

function total(rows: readonly number[]): number {
  return rows.reduce((sum, count) => sum + count, 0);
}
