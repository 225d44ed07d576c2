/** The leakage report in words. */

import type { FitUses } from '../contracts/fits.ts';
import { plural } from './table.ts';

export type Leakage = Readonly<Record<string, number | 'unknown'>>;

/** A row before the end of what a transform learned from is transformed with what was not known then. */
export function describeFits(fits: FitUses): readonly string[] {
  return Object.entries(fits).map(([view, { version, until, rowsBefore }]) => {
    const fit = `${view}: fit ${version}, until ${until}`;
    return rowsBefore === 0 ? `${fit}.` : `${fit}; ${rowsBefore.toLocaleString('en')} rows are older than that.`;
  });
}

/** A value leaks when a row it was made from was created after the label's time. */
export function describeLeakage(leakage: Leakage): readonly string[] {
  const entries = Object.entries(leakage);
  const leaking = entries.filter(([, values]) => typeof values === 'number' && values > 0);
  const unknown = entries.filter(([, values]) => values === 'unknown');
  const lines = leaking.map(([feature, values]) => `  ${feature}: ${plural(Number(values), 'value')}`);
  return [
    ...(leaking.length > 0
      ? ['Leakage, values made from rows created after their time (--as-known avoids it):', ...lines]
      : unknown.length < entries.length || entries.length === 0
        ? ['Leakage: none found.']
        : []),
    ...(unknown.length > 0 ? [`Leakage unknown, no created timestamp: ${plural(unknown.length, 'feature')}.`] : []),
  ];
}
