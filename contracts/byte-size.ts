const UNITS: Readonly<Record<string, number>> = {
  B: 1,
  KB: 1e3,
  MB: 1e6,
  GB: 1e9,
  TB: 1e12,
  KIB: 2 ** 10,
  MIB: 2 ** 20,
  GIB: 2 ** 30,
  TIB: 2 ** 40,
};

/** Bytes of a size such as `2GB` or `512 MiB`; undefined when the text is none. */
export function parseByteSize(text: string): number | undefined {
  const match = /^\s*(\d+(?:\.\d+)?)\s*([a-z]+)\s*$/i.exec(text);
  const unit = UNITS[match?.[2]?.toUpperCase() ?? ''];
  return match && unit !== undefined ? Math.floor(Number(match[1]) * unit) : undefined;
}

const SHOWN_UNITS = ['bytes', 'kB', 'MB', 'GB', 'TB', 'PB'] as const;

/** `1.2 MB`, for people: three digits or so. */
export function formatByteSize(bytes: number): string {
  const power = bytes < 1000 ? 0 : Math.min(Math.floor(Math.log10(bytes) / 3), SHOWN_UNITS.length - 1);
  const value = bytes / 1000 ** power;
  const digits = { maximumFractionDigits: value >= 100 ? 0 : 1 };
  return `${value.toLocaleString('en', digits)} ${SHOWN_UNITS[power]!}`;
}
