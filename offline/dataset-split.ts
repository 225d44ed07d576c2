/**
 * Partitions of a dataset's rows. The part of every row is kept as a file, so that whoever reads a part reads the same
 * rows for ever.
 */
import { randomUUID } from 'node:crypto';
import { dirname } from 'node:path';
import type { DatasetManifest, KeptSplit } from '../catalog/catalog.ts';
import type { SplitRule } from '../contracts/datasets.ts';
import { AsofError } from '../contracts/errors.ts';
import { requireInstant } from '../contracts/time.ts';
import type { Engine, Session } from '../engine/engine.ts';
import { literalText, literalTimestamp } from '../engine/sql.ts';
import type { Lake } from '../lake/lake.ts';
import { recorded } from '../lake/recorded-file.ts';
import { allRows, openDatasetRows } from './dataset-rows.ts';
import { outputSql } from './output-sql.ts';
import { keyColumnName } from './spine-columns.ts';
import type { RetrievalPlan } from './staged-retrieval.ts';

export interface SplitDependencies {
  readonly lake: Lake;
  readonly engine: Engine;
  readonly signal?: AbortSignal | undefined;
}

const MOST_PARTS = 20;
const NAME = /^[A-Za-z][A-Za-z0-9_-]{0,62}$/;

/** What parts are called when nobody says. Throws `INVALID_VALUE` when there is no usual name. */
export function partNames(parts: number): readonly string[] {
  if (parts === 2) return ['train', 'test'];
  if (parts === 3) return ['train', 'validation', 'test'];
  throw invalid(`${parts} parts have no usual names; give them with --names a,b,…`);
}

/** Throws `INVALID_VALUE` or `INVALID_INSTANT` naming what is wrong. Answers the rule with its instants in one spelling. */
export function checkSplit(rule: SplitRule, names: readonly string[]): void {
  const parts = rule.by === 'time' ? rule.at.length + 1 : rule.fractions.length;
  if (parts < 2 || parts > MOST_PARTS) throw invalid(`there are ${parts} parts; make 2 to ${MOST_PARTS}`);
  if (names.length !== parts) throw invalid(`there are ${names.length} names for ${parts} parts; name each part once`);
  const wrong = names.find((name, index) => !NAME.test(name) || names.indexOf(name) !== index);
  if (wrong !== undefined)
    throw invalid(`"${wrong}" is no name for a part, or names two; use letters, digits, _ and -`);
  if (rule.by === 'time') {
    const instants = rule.at.map((text) => requireInstant(text, 'split, --at'));
    if (instants.some((instant, index) => index > 0 && instant <= instants[index - 1]!)) {
      throw invalid('the instants must ascend');
    }
    return;
  }
  if (rule.fractions.some((fraction) => !(fraction > 0 && fraction < 1))) {
    throw invalid('each fraction must be above 0 and below 1');
  }
  const total = rule.fractions.reduce((sum, fraction) => sum + fraction, 0);
  if (Math.abs(total - 1) > 1e-9) throw invalid(`the fractions add up to ${total}; they must add up to 1`);
  if (!Number.isSafeInteger(rule.seed) || rule.seed < 0) throw invalid('the seed must be a whole number from 0');
}

function invalid(problem: string): AsofError {
  return new AsofError('INVALID_VALUE', { where: 'split', problem });
}

/** The columns that hold the keys of the dataset's entities. */
export function keyColumnsOf(retrieval: RetrievalPlan): readonly string[] {
  return retrieval.plan.keyColumns.map(({ column }) => column);
}

/** Writes the part of every row beside the rows. The catalog has to hear of it. Throws `INVALID_VALUE` for a key that is no column. */
export async function writeSplit(
  { lake, engine, signal }: SplitDependencies,
  input: {
    readonly dataset: DatasetManifest;
    readonly retrieval: RetrievalPlan;
    readonly rule: SplitRule;
    readonly names: readonly string[];
  },
): Promise<Omit<KeptSplit, 'createdAt'>> {
  const { dataset, rule, names } = input;
  checkSplit(rule, names);
  const path = `${dirname(dataset.spine.uri)}/splits/${randomUUID()}.parquet`;
  const staged = await lake.stagingPath(path);
  const counts = await engine.session(async (session) => {
    const select = rule.by === 'time' ? await byTime(lake, dataset, rule.at) : await byKey(session, lake, input, rule);
    await session.run(`CREATE TEMP TABLE __split AS ${select}`);
    await session.run(`COPY (SELECT __row, part FROM __split ORDER BY __row) TO ${literalText(staged)} ${PARQUET}`);
    return session.rows('SELECT part, count(*) AS n FROM __split GROUP BY part');
  }, signal);
  const { bytes, checksum } = await lake.publish(path);
  const rows = new Map(counts.map((row) => [Number(row['part']), Number(row['n'])]));
  return {
    rule,
    parts: names.map((name, index) => ({ name, rows: rows.get(index) ?? 0 })),
    file: { uri: path, rows: dataset.rows, bytes, checksum },
  };
}

const PARQUET = '(FORMAT parquet, COMPRESSION zstd)';

async function byTime(lake: Lake, dataset: DatasetManifest, at: readonly string[]): Promise<string> {
  const spine = `read_parquet(${literalText(await lake.checkedPath(recorded(dataset.spine)))})`;
  const cases = at.map((text, index) => {
    return `WHEN __at < ${literalTimestamp(requireInstant(text, 'split, --at'))} THEN ${index}`;
  });
  return `SELECT __row, (CASE ${cases.join(' ')} ELSE ${at.length} END)::UTINYINT AS part FROM ${spine}`;
}

async function byKey(
  session: Session,
  lake: Lake,
  { dataset, retrieval }: { readonly dataset: DatasetManifest; readonly retrieval: RetrievalPlan },
  { keys, fractions, seed }: Extract<SplitRule, { by: 'key' }>,
): Promise<string> {
  if (keys.length === 0) throw invalid('the dataset has no keys; name a column with --key');
  const { relation, texts } = await keyTexts(session, lake, dataset, retrieval, keys);
  const share = splitHashSql(seed, texts);
  let reached = 0;
  const cases = fractions.slice(0, -1).map((fraction, index) => {
    reached += fraction;
    return `WHEN share < ${splitBound(reached)} THEN ${index}`;
  });
  return (
    `SELECT __row, (CASE ${cases.join(' ')} ELSE ${fractions.length - 1} END)::UTINYINT AS part ` +
    `FROM (SELECT __row, ${share} AS share FROM ${relation})`
  );
}

/** The typed keys stand in the spine's copy; any other column is taken as the dataset shows it. */
async function keyTexts(
  session: Session,
  lake: Lake,
  dataset: DatasetManifest,
  retrieval: RetrievalPlan,
  keys: readonly string[],
): Promise<{ readonly relation: string; readonly texts: readonly string[] }> {
  const own = keys.map((key) => retrieval.plan.keyColumns.findIndex(({ column }) => column === key));
  if (!own.includes(-1)) {
    const relation = `read_parquet(${literalText(await lake.checkedPath(recorded(dataset.spine)))})`;
    const described = await session.rows(`DESCRIBE SELECT * FROM ${relation}`);
    const types = new Map(described.map((row) => [row['column_name'], String(row['column_type'])]));
    return { relation, texts: own.map((index) => text(keyColumnName(index), types.get(keyColumnName(index))!)) };
  }
  const rows = await openDatasetRows(session, lake, dataset.files);
  const texts = keys.map((key) => {
    const found = rows.columns.find(({ name }) => name === key);
    if (found) return text(found.alias, found.type);
    throw invalid(`there is no column "${key}"; it has: ${rows.columns.map(({ name }) => name).join(', ')}`);
  });
  return { relation: allRows(rows), texts };
}

function text(value: string, type: string): string {
  return `(${outputSql(value, type, 'csv')})`;
}

/** Bits of the hash that decide: a double holds them all. */
const HASH_BITS = 52;

/**
 * Where a key stands between 0 and 2^52: the first 13 hexadecimal digits of the SHA-256 of the UTF-8 text
 * `<seed>` followed, for each key column, by `|n` for null and `|<bytes>:<value as CSV writes it>` otherwise.
 */
function splitHashSql(seed: number, texts: readonly string[]): string {
  const members = texts.map((value) => `coalesce('|' || strlen(${value}) || ':' || ${value}, '|n')`);
  return `('0x' || left(sha256(${[`'${seed}'`, ...members].join(' || ')}), ${HASH_BITS / 4}))::BIGINT`;
}

/** A key whose hash is below belongs to the parts up to this share of the whole. */
function splitBound(share: number): number {
  return Math.round(share * 2 ** HASH_BITS);
}
