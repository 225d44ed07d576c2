/** Plain aligned tables for the terminal. */
import Table from 'cli-table3';

export function drawTable(head: readonly string[], rows: readonly (readonly (string | number | bigint)[])[]): string {
  const table = new Table({
    head: [...head],
    style: { head: process.stdout.isTTY ? ['bold'] : [], border: [], compact: true },
    chars: {
      top: '',
      'top-mid': '',
      'top-left': '',
      'top-right': '',
      bottom: '',
      'bottom-mid': '',
      'bottom-left': '',
      'bottom-right': '',
      left: '',
      'left-mid': '',
      mid: '',
      'mid-mid': '',
      right: '',
      'right-mid': '',
      middle: '  ',
    },
  });
  for (const row of rows) table.push(row.map(String));
  return table
    .toString()
    .split('\n')
    .map((line) => line.trimEnd())
    .join('\n');
}

export function formatCount(value: number | bigint): string {
  return value.toLocaleString('en');
}

/** `1 row`, `2,000 rows`. */
export function plural(value: number, unit: string): string {
  return `${formatCount(value)} ${unit}${value === 1 ? '' : 's'}`;
}

const BYTE_UNITS = ['bytes', 'kB', 'MB', 'GB', 'TB', 'PB'] as const;

/** `1.2 MB`; decimal, as the sizes in settings are. */
export function formatBytes(bytes: number): string {
  const power = bytes < 1000 ? 0 : Math.min(Math.floor(Math.log10(bytes) / 3), BYTE_UNITS.length - 1);
  const value = bytes / 1000 ** power;
  return `${value.toLocaleString('en', { maximumFractionDigits: power === 0 || value >= 100 ? 0 : 1 })} ${BYTE_UNITS[power]!}`;
}
