/**
 * The spelling under which every tz database knows a zone; undefined for what is none. Offsets such as `+02:00`, which
 * newer runtimes take for zones, are none.
 */
export function findZone(text: string): string | undefined {
  if (!/^[A-Za-z]/.test(text)) return undefined;
  try {
    const { timeZone } = new Intl.DateTimeFormat('en', { timeZone: text }).resolvedOptions();
    return timeZone.toLowerCase() === text.toLowerCase() ? timeZone : text;
  } catch {
    return undefined;
  }
}
