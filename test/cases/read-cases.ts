/** Reads the table of cases. See README.md beside it. */
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { parse } from 'yaml';
import type { FeaturePlan } from '../../contracts/plan.ts';
import { requireInstant, type Micros } from '../../contracts/time.ts';
import { storedType, type StoredType } from '../../contracts/values.ts';
import type { EngineValue } from '../../engine/engine.ts';
import type { PackedRequest, PackedRow } from '../world/packed/arbitrary-pack.ts';
import type { ExpectedValues } from '../world/packed/mistakes.ts';
import { PACK_COLUMNS, type PackSource } from '../world/packed/pack-definitions.ts';

/** A row or an ask as it is written. */
type Written = Readonly<Record<string, unknown>>;

interface WrittenCase {
  readonly case: string;
  readonly source?: PackSource;
  readonly rows: readonly Written[];
  readonly asks: readonly Written[];
}

export interface Case {
  readonly title: string;
  readonly source: PackSource;
  readonly rows: readonly PackedRow[];
  readonly asks: readonly CaseAsk[];
}

export interface CaseAsk extends PackedRequest {
  readonly asKnown: boolean;
  /** By output column, as written. */
  readonly expected: Readonly<Record<string, unknown>>;
}

/** Requests of all cases that are asked for at once, and what must come. */
export interface CaseRequests {
  readonly requests: readonly PackedRequest[];
  /** By request, the title of its case. */
  readonly titles: readonly string[];
  readonly expected: ExpectedValues;
}

const DATE = '2024-03-31';
const NOT_EXPECTED = ['at', 'known', 'name', 'code'];

export function readCases(): readonly Case[] {
  const files = readdirSync(import.meta.dirname).filter((name) => name.endsWith('.yaml'));
  const written = files
    .sort()
    .flatMap((name) => parse(readFileSync(path.join(import.meta.dirname, name), 'utf8')) as readonly WrittenCase[]);
  return written.map(({ case: title, source = 'journal', rows, asks }, number) => {
    const keysOf = (one: Written): readonly EngineValue[] => [
      'name' in one ? readValue(one['name'], 'string') : `case ${number}`,
      'code' in one ? readValue(one['code'], 'int64') : BigInt(number),
    ];
    return {
      title,
      source,
      rows: rows.map((row) => readRow(row, keysOf(row), number)),
      asks: asks.map((ask) => ({
        keys: keysOf(ask),
        at: readInstant(ask['at']),
        asKnown: ask['known'] === true,
        expected: Object.fromEntries(
          Object.entries(ask)
            .filter(([name]) => !NOT_EXPECTED.includes(name))
            .map(([name, value]) => [`${source}_${name.replace('.', '__')}`, value]),
        ),
      })),
    };
  });
}

/** Ids of events are the case's own. */
function readRow(row: Written, keys: readonly EngineValue[], number: number): PackedRow {
  const value = (name: keyof typeof PACK_COLUMNS): EngineValue =>
    readValue(row[name] ?? null, storedType(PACK_COLUMNS[name]));
  return {
    keys,
    event: readInstant(row['at']),
    created: row['created'] === undefined ? null : readInstant(row['created']),
    file: Number(row['file'] ?? 0),
    values: {
      amount: value('amount'),
      price: value('price'),
      label: value('label'),
      flag: value('flag'),
      seen: value('seen'),
      vector: value('vector'),
      id: row['id'] === undefined ? null : `${number} ${row['id'] as string}`,
      action: value('action'),
    },
  };
}

/** The asks with or without `known`, in the order of the cases. */
export function requestCases(cases: readonly Case[], plan: FeaturePlan, asKnown: boolean): CaseRequests {
  const types = new Map(plan.columns.map(({ name, feature }) => [name, feature.valueType]));
  const chosen = cases.flatMap(({ title, asks }) =>
    asks.filter((ask) => ask.asKnown === asKnown).map((ask) => ({ title, ask })),
  );
  return {
    requests: chosen.map(({ ask: { keys, at } }) => ({ keys, at })),
    titles: chosen.map(({ title }) => title),
    expected: chosen.map(
      ({ title, ask }) =>
        new Map(
          Object.entries(ask.expected).map(([column, written]) => {
            const type = types.get(column);
            if (type === undefined) throw new Error(`case "${title}": there is no column ${column}`);
            const value = readValue(written, type);
            return [column, { value, tolerance: type === 'float64' ? 1e-9 * Math.abs(Number(value)) : 0 }];
          }),
        ),
    ),
  };
}

function readValue(written: unknown, type: StoredType): EngineValue {
  if (written === null) return null;
  if (Array.isArray(written)) {
    const item = type.startsWith('float32[') ? 'float64' : (type.slice(0, -2) as StoredType);
    return written.map((one) => readValue(one, item));
  }
  switch (type) {
    case 'int64':
      return BigInt(written as string | number);
    case 'float64':
      return Number(written);
    case 'timestamp':
      return readInstant(written);
    case 'boolean':
      return written as boolean;
    default:
      return written as string;
  }
}

/** A whole instant, or a time of the table's day. */
function readInstant(written: unknown): Micros {
  const text = written as string;
  return requireInstant(text.includes('-') ? text : `${DATE}T${text}Z`, 'a case');
}
