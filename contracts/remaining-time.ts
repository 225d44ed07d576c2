const STEPS = [
  { below: 90, seconds: 1, unit: 's' },
  { below: 90 * 60, seconds: 60, unit: 'min' },
  { below: 36 * 3600, seconds: 3600, unit: 'h' },
] as const;

/** Time left, for people: `40 s`, `12 min`, `3 h`, `2 d`. */
export function formatRemaining(seconds: number): string {
  const { seconds: size, unit } = STEPS.find(({ below }) => seconds < below) ?? { seconds: 86_400, unit: 'd' };
  return `${Math.ceil(seconds / size)} ${unit}`;
}
