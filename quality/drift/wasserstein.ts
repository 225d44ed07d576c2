/** The first Wasserstein distance of two weighted sets of numbers: the area between their cumulative shares. */

export interface WeightedValue {
  readonly value: number;
  /** Rows. */
  readonly weight: number;
}

/** Values are finite, and each side has weight. */
export function wassersteinDistance(a: readonly WeightedValue[], b: readonly WeightedValue[]): number {
  const [weightOfA, weightOfB] = [weightOf(a), weightOf(b)];
  const steps = [
    ...a.map(({ value, weight }) => ({ value, rise: weight / weightOfA })),
    ...b.map(({ value, weight }) => ({ value, rise: -weight / weightOfB })),
  ].sort((left, right) => left.value - right.value);
  let [gap, area] = [0, 0];
  for (const [index, { value, rise }] of steps.entries()) {
    gap += rise;
    const next = steps[index + 1];
    if (next !== undefined) area += Math.abs(gap) * (next.value - value);
  }
  return area;
}

function weightOf(values: readonly WeightedValue[]): number {
  return values.reduce((sum, { weight }) => sum + weight, 0);
}
