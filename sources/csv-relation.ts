/** CSV after RFC 4180: comma, double quotes, a header; an unquoted empty field is null and `""` the empty string. */
import { open } from 'node:fs/promises';
import { StringDecoder } from 'node:string_decoder';
import type { Session } from '../engine/engine.ts';
import { literalText } from '../engine/sql.ts';
import { columnAlias, jsonOfColumns, type RawColumn, type RawRelation } from './raw-relation.ts';
import { ROW_COLUMN } from './source.ts';

const CHUNK_BYTES = 1 << 16;
const HEADER_LIMIT = 1 << 22;

export async function csvRelation(path: string): Promise<RawRelation> {
  const columns = await csvColumns(path);
  const list = columns.map(({ alias }) => alias).join(', ');
  const sql = `SELECT row_number() OVER () - 1 AS ${ROW_COLUMN}, ${list} FROM ${readCsv(path, columns)}`;
  return { sql, columns, jsonSql: jsonOfColumns(sql, columns) };
}

export async function countCsv(session: Session, path: string): Promise<number> {
  const [row] = await session.rows(`SELECT count(*) AS n FROM ${readCsv(path, await csvColumns(path))}`);
  return Number(row?.['n']);
}

/** Nothing is guessed: a dialect that depends on a sample would change with the data. */
function readCsv(path: string, columns: readonly RawColumn[]): string {
  const types = columns.map(({ alias, type }) => `${alias}: '${type}'`).join(', ');
  return (
    `read_csv(${literalText(path)}, auto_detect = false, header = true, delim = ',', quote = '"', escape = '"', ` +
    `nullstr = '', allow_quoted_nulls = false, strict_mode = true, null_padding = false, columns = {${types}})`
  );
}

async function csvColumns(path: string): Promise<readonly RawColumn[]> {
  const names = parseHeader(await readHeader(path));
  return names.map((name, index) => ({
    name: name === '' ? `column${index}` : name, // such as the unnamed index column that pandas writes
    alias: columnAlias(index),
    type: 'VARCHAR',
  }));
}

/** The first record's text: up to the first line end outside quotes. */
async function readHeader(path: string): Promise<string> {
  const file = await open(path);
  try {
    const decoder = new StringDecoder('utf8');
    let text = '';
    for (;;) {
      const { bytesRead, buffer } = await file.read(Buffer.alloc(CHUNK_BYTES), 0, CHUNK_BYTES);
      text += decoder.write(buffer.subarray(0, bytesRead));
      const end = recordEnd(text);
      if (end >= 0 || bytesRead === 0 || text.length > HEADER_LIMIT) return end < 0 ? text : text.slice(0, end);
    }
  } finally {
    await file.close();
  }
}

function recordEnd(text: string): number {
  let quoted = false;
  for (let index = 0; index < text.length; index++) {
    const character = text[index];
    if (character === '"') quoted = !quoted;
    else if (!quoted && (character === '\n' || character === '\r')) return index;
  }
  return -1;
}

/** The fields of one CSV record, without a byte order mark. */
export function parseHeader(record: string): readonly string[] {
  const fields: string[] = [];
  const pattern = /(?:"((?:[^"]|"")*)"|([^,]*))(,|$)/gy;
  const text = record.replace(/^\uFEFF/, '');
  while (pattern.lastIndex <= text.length) {
    const match = pattern.exec(text);
    if (!match) break;
    fields.push(match[1]?.replaceAll('""', '"') ?? match[2] ?? '');
    if (match[3] === '') break;
  }
  return fields;
}
