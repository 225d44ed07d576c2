import type { ConsistencyExample, FeatureConsistency, Verdict } from '../contracts/consistency.ts';

interface NamedFeature {
  readonly view: string;
  readonly feature: string;
}

/** Of one feature, so that one that is all wrong leaves room for others, and of a report. */
const MOST_OF_A_FEATURE = 3;
const MOST_EXAMPLES = 60;

/** Counts verdicts by feature, and keeps the first examples of what differs. */
export class VerdictTally {
  readonly #counts = new Map<string, NamedFeature & { readonly counts: Record<Verdict, number> }>();
  readonly #examples: ConsistencyExample[] = [];

  count(named: NamedFeature, verdict: Verdict, describe: () => Omit<ConsistencyExample, keyof NamedFeature>): void {
    // no name has a space
    const name = `${named.view} ${named.feature}`;
    let held = this.#counts.get(name);
    if (held === undefined) {
      const counts = { equal: 0, late: 0, different: 0, unsettled: 0, unavailable: 0, denied: 0 };
      this.#counts.set(name, (held = { ...named, counts }));
    }
    held.counts[verdict] += 1;
    const isShown = held.counts.different <= MOST_OF_A_FEATURE && this.#examples.length < MOST_EXAMPLES;
    if (verdict === 'different' && isShown) this.#examples.push({ ...named, ...describe() });
  }

  /** By view and feature. */
  features(): readonly FeatureConsistency[] {
    return [...this.#counts.entries()]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([, { view, feature, counts }]) => ({ view, feature, ...counts }));
  }

  examples(): readonly ConsistencyExample[] {
    return this.#examples;
  }
}
