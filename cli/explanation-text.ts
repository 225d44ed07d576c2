/** An explanation of a retrieval, for a person: a paragraph for each view. */
import { formatByteSize } from '../contracts/byte-size.ts';
import { parseInstant, formatInstant } from '../contracts/time.ts';
import type { EventTimes, FilesRead } from '../offline/explain-reads.ts';
import type { Explanation, ViewExplanation } from '../offline/explain.ts';
import { formatCount, plural } from './table.ts';

const ENGINES = { duckdb: 'DuckDB', spark: 'Spark' } as const;
/** Paths shown of each table; `--json` has all. */
const SHOWN_FILES = 3;

export function describeExplanation(explanation: Explanation): readonly string[] {
  const { rows, firstAt, lastAt, shards, views, derived } = explanation;
  const times = firstAt === null || lastAt === null ? '' : ` from ${shorten(firstAt)} to ${shorten(lastAt)}`;
  const parts = shards === 1 ? 'in one shard' : `in ${formatCount(shards)} shards, each of which reads what follows`;
  return [
    `${plural(rows, 'row')}${times}, ${parts}.`,
    ...views.flatMap((view) => ['', ...describeView(view)]),
    ...derived.flatMap(({ view, inputs }) => ['', `${view}: in Node, from ${inputs.join(', ')}`]),
    '',
    'Rows and bytes are those of whole files: no more than that is read.',
  ];
}

function describeView(explained: ViewExplanation): readonly string[] {
  const { view, engine, why, source, snapshot, events, sourceFiles, viewTable, tiles, fit } = explained;
  const complete = viewTable?.complete.map(({ from, to }) => `${shorten(from ?? '')} to ${shorten(to ?? '')}`);
  return [
    `${view}: by ${ENGINES[engine]}, since ${why}`,
    ...describeFiles(`source ${source}, snapshot ${snapshot}, ${describeTimes(events)}`, sourceFiles),
    ...(viewTable ? describeFiles(`its own table, complete for ${complete!.join(', ')}`, viewTable) : []),
    ...(tiles === null ? [] : describeTiles(tiles)),
    ...(fit === null
      ? []
      : [`  transforms: fit ${fit.version}, until ${shorten(fit.until)}; ${older(fit.rowsBefore)}`]),
  ];
}

function describeTiles({ use, why, files, rows = 0, bytes = 0 }: NonNullable<ViewExplanation['tiles']>) {
  return use && files
    ? describeFiles(`tiles, since ${why}`, { files, rows, bytes }, 'tile')
    : [`  tiles: not read, since ${why}`];
}

function describeFiles(what: string, { files, rows, bytes }: FilesRead, unit = 'row'): readonly string[] {
  if (files.length === 0) return [`  ${what}: no file has any`];
  const amount = `${plural(files.length, 'file')}, ${plural(rows, unit)}, ${formatByteSize(bytes)}`;
  const more = files.length - SHOWN_FILES;
  return [
    `  ${what}: ${amount}`,
    ...files.slice(0, SHOWN_FILES).map((path) => `    ${shortPath(path)}`),
    ...(more > 0 ? [`    and ${formatCount(more)} more`] : []),
  ];
}

function describeTimes({ from, to }: EventTimes): string {
  if (from !== null && from === to) return 'no events';
  const last = to === null ? undefined : parseInstant(to);
  const until = last === undefined ? '' : `up to ${shorten(formatInstant(last - 1n))}`;
  if (from === null) return until === '' ? 'all events' : `events ${until}`;
  return `events from ${shorten(from)} ${until}`.trimEnd();
}

function older(rows: number): string {
  return rows === 0 ? 'no row is older than that' : `${plural(rows, 'row')} older than that`;
}

/** A view's table stands under its fingerprint, of which the beginning is enough for people. */
function shortPath(path: string): string {
  return path.replace(/([0-9a-f]{8})[0-9a-f]{56}/, '$1…');
}

/** Without what is zero. */
function shorten(instant: string): string {
  return instant.replace(/\.0+Z$/, 'Z').replace(/T00:00:00Z$/, '');
}
