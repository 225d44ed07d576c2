/** What the rows of a batch say about the row rules. Counts of parts of a batch add up. */
import type { ExpectationManifest } from '../contracts/manifest.ts';
import { expectationResult, type ExpectationResult } from './results.ts';

export interface RowRuleCounts {
  /** Rows checked. */
  readonly elements: number;
  /** Rows whose value is missing, for rules that skip those. */
  readonly missing: number;
  readonly unexpected: number;
}

export const NO_ROWS: RowRuleCounts = { elements: 0, missing: 0, unexpected: 0 };

export function addCounts(a: RowRuleCounts, b: RowRuleCounts): RowRuleCounts {
  return {
    elements: a.elements + b.elements,
    missing: a.missing + b.missing,
    unexpected: a.unexpected + b.unexpected,
  };
}

/** `mostly` is a share of the values that are there; a batch without any holds. */
export function rowRuleResult(expectation: ExpectationManifest, counts: RowRuleCounts): ExpectationResult {
  const { elements, missing, unexpected } = counts;
  const present = elements - missing;
  const mostly = Number(expectation.arguments['mostly'] ?? 1);
  const success = present === 0 || (present - unexpected) / present >= mostly;
  return expectationResult(expectation, success, {
    element_count: elements,
    missing_count: missing,
    missing_percent: percent(missing, elements),
    unexpected_count: unexpected,
    unexpected_percent: percent(unexpected, present),
    unexpected_percent_total: percent(unexpected, elements),
  });
}

function percent(part: number, whole: number): number | null {
  return whole === 0 ? null : (100 * part) / whole;
}
