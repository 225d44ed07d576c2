/** What happened in one chaos run, in order, for whoever has to find out why it failed. */

export interface Journal {
  note(line: string): void;
  readonly lines: readonly string[];
}

export function openJournal(): Journal {
  const begun = performance.now();
  const lines: string[] = [];
  const live = process.env['ASOF_CHAOS_LOG'] !== undefined;
  return {
    lines,
    note(text) {
      const line = `${((performance.now() - begun) / 1000).toFixed(1).padStart(7)} s  ${text}`;
      lines.push(line);
      if (live) process.stderr.write(`${line}\n`);
    },
  };
}
