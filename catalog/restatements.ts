/** Time of view tables that waits for a restatement: rows touched it that came later than their source allows. */
import type { TimeRange } from '../contracts/lake.ts';
import { formatInstant } from '../contracts/time.ts';
import type { IntervalLedger } from './catalog.ts';
import { foldLedger } from './ledger.ts';

export interface NeededRestatement {
  readonly view: string;
  readonly range: TimeRange;
}

/** Of these views, by name and time. Reads are right meanwhile: they take the rows of the source there. */
export async function neededRestatements(
  intervals: Pick<IntervalLedger, 'entries'>,
  project: string,
  views: readonly { readonly name: string; readonly fingerprint: string }[],
): Promise<readonly NeededRestatement[]> {
  const needed: NeededRestatement[] = [];
  for (const { name: view, fingerprint } of views.toSorted((a, b) => (a.name < b.name ? -1 : 1))) {
    const { late } = foldLedger(await intervals.entries({ project, view, fingerprint, store: 'offline' }));
    needed.push(...late.map((range) => ({ view, range })));
  }
  return needed;
}

/** For people and JSON. */
export function describeRestatement({ view, range }: NeededRestatement) {
  const [from, to] = [formatInstant(range.from), formatInstant(range.to)];
  return { view, from, to, command: `asof backfill ${view} --restate --from ${from} --to ${to}` };
}
