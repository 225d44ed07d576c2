/** Measures between two distributions over the same bins, given as shares that add up to 1. */

/** What an empty bin counts as in PSI, which would be infinite otherwise. */
const EMPTY_SHARE = 1e-4;

export function sharesOf(rows: readonly number[]): readonly number[] {
  const total = rows.reduce((sum, count) => sum + count, 0);
  return rows.map((count) => count / total);
}

/** Population stability index: sum of (p - q) ln(p / q). Empty bins are taken as 1e-4, and shares then add up to 1 again. */
export function populationStability(p: readonly number[], q: readonly number[]): number {
  const [a, b] = [filled(p), filled(q)];
  return sumOf(a, b, (x, y) => (x - y) * Math.log(x / y));
}

/** The root of the Jensen-Shannon divergence with the natural logarithm. */
export function jensenShannonDistance(p: readonly number[], q: readonly number[]): number {
  const divergence = sumOf(p, q, (x, y) => {
    const middle = (x + y) / 2;
    return (relativeEntropy(x, middle) + relativeEntropy(y, middle)) / 2;
  });
  // rounding may bring equal distributions below zero
  return Math.sqrt(Math.max(0, divergence));
}

export function hellingerDistance(p: readonly number[], q: readonly number[]): number {
  return Math.sqrt(sumOf(p, q, (x, y) => (Math.sqrt(x) - Math.sqrt(y)) ** 2) / 2);
}

/** The greatest difference of a share. */
export function greatestDifference(p: readonly number[], q: readonly number[]): number {
  return p.reduce((most, x, index) => Math.max(most, Math.abs(x - q[index]!)), 0);
}

function filled(shares: readonly number[]): readonly number[] {
  return sharesOf(shares.map((share) => (share === 0 ? EMPTY_SHARE : share)));
}

function relativeEntropy(x: number, y: number): number {
  return x === 0 ? 0 : x * Math.log(x / y);
}

function sumOf(p: readonly number[], q: readonly number[], term: (x: number, y: number) => number): number {
  return p.reduce((sum, x, index) => sum + term(x, q[index]!), 0);
}
