/** Few combinations in which every value of one factor meets every value of every other. */

type Factors = Readonly<Record<string, readonly unknown[]>>;
export type Combination<F extends Factors> = { readonly [Name in keyof F]: F[Name][number] };

/**
 * A pairwise cover of the factors, found greedily: each combination is the one of all that meets most pairs not met so far,
 * the first of equals. The number of all combinations must be small.
 */
export function pairwise<const F extends Factors>(factors: F): readonly Combination<F>[] {
  const all = product(Object.entries(factors)) as readonly Combination<F>[];
  const unmet = new Set(all.flatMap(pairsOf));
  const chosen: Combination<F>[] = [];
  while (unmet.size > 0) {
    const gain = (one: Combination<F>): number => pairsOf(one).filter((pair) => unmet.has(pair)).length;
    const best = all.reduce((most, one) => (gain(one) > gain(most) ? one : most));
    chosen.push(best);
    for (const pair of pairsOf(best)) unmet.delete(pair);
  }
  return chosen;
}

/** Every two of a combination's values, as text. */
export function pairsOf(combination: Readonly<Record<string, unknown>>): readonly string[] {
  const values = Object.entries(combination).map(([name, value]) => `${name}=${String(value)}`);
  return values.flatMap((left, index) => values.slice(index + 1).map((right) => `${left} ${right}`));
}

function product(factors: readonly (readonly [string, readonly unknown[]])[]): readonly object[] {
  const [first, ...rest] = factors;
  if (first === undefined) return [{}];
  const [name, values] = first;
  return values.flatMap((value) => product(rest).map((others) => ({ [name]: value, ...others })));
}
