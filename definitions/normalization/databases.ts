/** What only sources of databases say: where the address stands, table or query, cursor. */
import path from 'node:path';
import type { DatabaseSourceManifest } from '../../contracts/manifest.ts';
import { requireColumn, type Columns } from './columns.ts';
import { show, type OptionReader } from './option-reader.ts';
import type { Place } from './problems.ts';

export const DATABASE_OPTIONS = ['url', 'table', 'query', 'cursor', 'lag'];

const URL_RULE =
  "keep the address out of the definitions: write 'env:ORDERS_URL' for a variable of the environment, or 'file:PATH' for a file that holds it";

/** Types whose order is the same in the database and here. */
const CURSOR_TYPES = ['int64', 'timestamp', 'timestamp[s]', 'timestamp[ms]', 'timestamp[us]'];

export function normalizeDatabase(
  options: OptionReader,
  projectDirectory: string,
): Pick<DatabaseSourceManifest, 'url' | 'table' | 'query' | 'cursor' | 'lagMicros'> {
  const { place } = options;
  const [table, query, cursor] = [options.text('table'), options.text('query'), options.text('cursor')];
  if ((table === null) === (query === null)) {
    place.report('it needs a table or a query', "give table: 'public.orders' or query: 'select …', not both");
  }
  if (table !== null) requireTableName(table, place);
  if (query !== null) requireSelect(query, place);
  const lag = options.duration('lag');
  if (lag !== null && cursor === null) {
    place
      .in('lag')
      .report('it is measured by the cursor, and there is none', "give cursor: 'updated_at', or leave it out");
  }
  return { url: normalizeUrl(options, projectDirectory), table, query, cursor, lagMicros: lag ?? 0 };
}

export function requireCursor(
  columns: Columns,
  { cursor, lagMicros }: { readonly cursor: string; readonly lagMicros: number },
  source: Place,
): void {
  const place = source.in('cursor');
  const column = requireColumn(columns, cursor, place, source.text);
  if (column === undefined) return;
  if (!CURSOR_TYPES.includes(column.type)) {
    place.report(
      `column "${cursor}" is ${column.type}`,
      'a cursor is a timestamp or int64, and grows with every change',
    );
  } else if (lagMicros > 0 && column.type === 'int64') {
    source
      .in('lag')
      .report(`the cursor "${cursor}" is int64 and tells no time`, 'leave it out, or use a timestamp as cursor');
  }
}

/** The value is never shown: an address that was given by mistake has a password. */
function normalizeUrl(options: OptionReader, projectDirectory: string): string {
  const given = options.requiredText('url', URL_RULE);
  const place = options.place.in('url');
  if (given === '' || /^env:[A-Za-z_]\w*$/.test(given)) return given;
  const file = /^file:(?:\/\/)?(.+)$/s.exec(given)?.[1];
  if (file !== undefined) return `file:${path.resolve(projectDirectory, file)}`;
  const what = given.startsWith('env:')
    ? 'what follows env: is not a name of a variable'
    : 'it names no place that holds the address';
  place.report(what, URL_RULE);
  return '';
}

function requireTableName(table: string, place: Place): void {
  if (/^([^\s."'`;]+|"([^"]|"")+")(\.([^\s."'`;]+|"([^"]|"")+")){0,2}$/.test(table)) return;
  place
    .in('table')
    .report(
      `${show(table)} is not a name of a table`,
      `write public.orders, with parts of other characters in quotes: public."my orders"`,
    );
}

/** What the server makes sure of again, told while the definitions are checked. */
function requireSelect(query: string, place: Place): void {
  const words = query
    .replaceAll(/--[^\n]*|\/\*[\s\S]*?\*\//g, ' ')
    .replaceAll(/'(?:[^']|'')*'|"(?:[^"]|"")*"|`[^`]*`|(\$\w*\$)[\s\S]*?\1/g, "''")
    .trim()
    .replace(/;$/, '');
  if (/^[(\s]*(select|with)\b/i.test(words) && !words.includes(';')) return;
  place
    .in('query')
    .report('it is not one SELECT', "write one statement, such as query: 'select id, placed_at from orders'");
}
