/** The leakage report in words. */

export type Leakage = Readonly<Record<string, number | 'unknown'>>;

/** A value leaks when a row it was made from was created after the label's time. */
export function describeLeakage(leakage: Leakage): readonly string[] {
  const entries = Object.entries(leakage);
  const leaking = entries.filter(([, values]) => typeof values === 'number' && values > 0);
  const unknown = entries.filter(([, values]) => values === 'unknown');
  const lines = leaking.map(([feature, values]) => `  ${feature}: ${values.toLocaleString('en')} values`);
  return [
    ...(leaking.length > 0
      ? ['Leakage, values made from rows created after their time (--as-known avoids it):', ...lines]
      : unknown.length < entries.length || entries.length === 0
        ? ['Leakage: none found.']
        : []),
    ...(unknown.length > 0 ? [`Leakage unknown, no created timestamp: ${unknown.length} features.`] : []),
  ];
}
