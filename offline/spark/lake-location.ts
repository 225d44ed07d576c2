/** How Spark names objects of the lake: it reads them itself, with its own credentials. */
import { fileURLToPath } from 'node:url';
import type { Lake } from '../../lake/lake.ts';

/** An object or a directory, taken as it stands. */
export function sparkLocation(lake: Pick<Lake, 'url'>, path: string): string {
  return `${rootOf(lake)}/${path}`;
}

/** A pattern for some files of one directory: Hadoop's globs, in which the rest of the path stands escaped. */
export function sparkFiles(lake: Pick<Lake, 'url'>, directory: string, names: readonly string[]): string {
  const files = names.map(escapeGlob).join(',');
  return `${escapeGlob(sparkLocation(lake, directory))}/{${files}}`;
}

function rootOf({ url }: Pick<Lake, 'url'>): string {
  if (url.startsWith('s3://')) return `s3a://${url.slice('s3://'.length)}`;
  return `file://${fileURLToPath(url)}`;
}

function escapeGlob(path: string): string {
  return path.replace(/[\\{}[\]*?,^]/g, '\\$&');
}
