/** Whether the columns that a database has are those that its source declares. */
import { AsofError } from '../../contracts/errors.ts';
import type { DatabaseSourceManifest } from '../../contracts/manifest.ts';
import { elementType, storedType, type ColumnType } from '../../contracts/values.ts';
import type { ColumnContent, DatabaseColumn } from './connection.ts';

const NUMBERS: readonly ColumnContent[] = ['integer', 'unsigned', 'decimal', 'float'];
const TIMES: readonly ColumnContent[] = ['local', 'instant', 'date'];
/** Their order in the database is that of numbers and times. */
const ORDERED: readonly ColumnContent[] = ['integer', 'unsigned', 'decimal', ...TIMES];

/**
 * Throws `INPUT_COLUMN_MISSING` for a declared column that is not there, `INPUT_TYPE_CHANGED` for one of a type that the declared one
 * cannot take, and `INPUT_UNREADABLE` for two of the same name.
 */
export function requireColumns(source: DatabaseSourceManifest, path: string, columns: readonly DatabaseColumn[]): void {
  const where = source.name;
  const byName = new Map(columns.map((column) => [column.name, column]));
  if (byName.size < columns.length) {
    const twin = columns.find((column) => byName.get(column.name) !== column)?.name ?? '';
    throw new AsofError('INPUT_UNREADABLE', {
      where,
      path,
      problem: `it has two columns "${twin}"; name one of them otherwise, with AS`,
    });
  }
  for (const { name, from, type } of source.columns) {
    const found = byName.get(from);
    if (found === undefined) {
      throw new AsofError('INPUT_COLUMN_MISSING', { where, path, column: from, known: [...byName.keys()] });
    }
    const problem = { where, path, column: from, actual: found.type };
    if (source.contract.types === 'freeze' && !fits(type, found.content)) {
      const mend = `declare it as ${suggestion(found.content)}, or cast it in a query`;
      throw new AsofError('INPUT_TYPE_CHANGED', { ...problem, type, mend });
    }
    if (name === source.cursor && !ORDERED.includes(found.content)) {
      const mend = 'a cursor is an integer or a time in the database too';
      throw new AsofError('INPUT_TYPE_CHANGED', { ...problem, type: `cursor (${type})`, mend });
    }
  }
}

function fits(declared: ColumnType, content: ColumnContent): boolean {
  // text may be a JSON array: MariaDB has no other type for one
  if (elementType(storedType(declared)) !== undefined) return ['list', 'json', 'text'].includes(content);
  switch (declared) {
    case 'string':
      return true;
    case 'int64':
    case 'float64':
      return NUMBERS.includes(content);
    case 'boolean':
      return content === 'boolean' || content === 'integer';
    case 'timestamp':
      return TIMES.includes(content);
    default:
      return TIMES.includes(content) || NUMBERS.includes(content);
  }
}

function suggestion(content: ColumnContent): string {
  switch (content) {
    case 'integer':
    case 'unsigned':
      return 'int64';
    case 'decimal':
    case 'float':
      return 'float64';
    case 'boolean':
      return 'boolean';
    case 'local':
    case 'instant':
    case 'date':
      return 'timestamp';
    case 'list':
      return 'a list';
    case 'json':
    case 'text':
      return 'string';
  }
}
