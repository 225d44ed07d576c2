/** What a retrieval is asked for: a spine, or keys with a grid of instants, from a file or from the sources. */
import { copyFile, stat } from 'node:fs/promises';
import { extname, join } from 'node:path';
import { isDiskFull } from '../contracts/disk-full.ts';
import { AsofError } from '../contracts/errors.ts';
import type { StoredSourceManifest } from '../contracts/manifest.ts';
import type { FeaturePlan } from '../contracts/plan.ts';
import type { Session } from '../engine/engine.ts';
import { outputNames } from './assembly.ts';
import { columnAlias } from '../sources/raw-relation.ts';
import type { SourceDependencies } from './source-relation.ts';
import { EVENT_TIMESTAMP } from './spine-columns.ts';
import { ALL_KEYS, writeAllKeys } from './spine-keys.ts';
import { SPINE_QUERY, writeSpineQuery } from './spine-query.ts';
import { prepareSpine, type PreparedSpine } from './spine.ts';
import { tableFormat } from './spine-format.ts';
import { crossInstants, JSON_TYPE, spineRelation, type InstantGrid, type SpineRelation } from './spine-relation.ts';
import { writeFailure } from '../lake/file-errors.ts';

/** A file of keys and times, or of keys alone with the instants at which each is asked. */
export type SpineFile =
  | { readonly kind: 'spine'; readonly path: string }
  | ({ readonly kind: 'entities'; readonly path: string } & InstantGrid);

export type SpineInput =
  | SpineFile
  /** One SELECT over `sources`, each under its name. */
  | { readonly kind: 'query'; readonly sql: string; readonly sources: readonly StoredSourceManifest[] }
  /** Every key that the sources of the features hold from before `to`. */
  | ({ readonly kind: 'keys' } & InstantGrid);

/** A spine at hand. */
export interface OpenedSpine {
  /** `path` is what errors call it. */
  readonly spine: SpineFile;
  /** Where the engine may read it, and where it cannot change under the work. */
  readonly file: string;
  /** Of the sources that were read to find its rows. */
  readonly snapshots: Readonly<Record<string, number>>;
}

/**
 * Brings the rows of a spine into `directory`. Throws `INPUT_NOT_FOUND`, and for queries what `writeSpineQuery` and
 * `writeAllKeys` throw.
 */
export async function openSpine(
  session: Session,
  dependencies: SourceDependencies,
  input: {
    readonly project: string;
    readonly plan: FeaturePlan;
    readonly spine: SpineInput;
    /** The pinned ones of the sources that the features are read from. */
    readonly snapshots: Readonly<Record<string, number>>;
    readonly directory: string;
  },
): Promise<OpenedSpine> {
  const { spine, project, plan, directory } = input;
  const pinned = input.snapshots;
  switch (spine.kind) {
    case 'spine':
    case 'entities':
      return { spine, file: await copyInput(spine.path, directory), snapshots: {} };
    case 'query': {
      const file = join(directory, 'spine.parquet');
      const snapshots = await writeSpineQuery(session, dependencies, { ...spine, project, file, snapshots: pinned });
      return { spine: { kind: 'spine', path: SPINE_QUERY }, file, snapshots };
    }
    case 'keys': {
      const file = join(directory, 'spine.parquet');
      const { kind: _, ...grid } = spine;
      const snapshots = await writeAllKeys(session, dependencies, {
        ...{ project, plan, to: grid.to, file },
        snapshots: pinned,
      });
      return { spine: { kind: 'entities', path: ALL_KEYS, ...grid }, file, snapshots };
    }
  }
}

/** A copy in `directory`. */
async function copyInput(path: string, directory: string): Promise<string> {
  tableFormat(path);
  const found = await stat(path).catch(() => undefined);
  if (!found?.isFile()) throw new AsofError('INPUT_NOT_FOUND', { where: 'spine', path });
  const copy = join(directory, `spine${extname(path)}`);
  try {
    await copyFile(path, copy);
  } catch (error) {
    throw isDiskFull(error) ? writeFailure(copy, error) : error;
  }
  return copy;
}

/** Prepares the spine in the temporary table `table`. Throws what `prepareSpine`, `crossInstants` and `outputNames` throw. */
export async function readSpine(
  session: Session,
  input: {
    readonly opened: OpenedSpine;
    readonly plan: FeaturePlan;
    readonly shortNames: boolean;
    readonly table: string;
  },
): Promise<PreparedSpine> {
  const { plan } = input;
  const { spine, file } = input.opened;
  const { path } = spine;
  const format = tableFormat(file);
  const found = await spineRelation(session, path, file, format);
  const raw = (await isBlank(session, found)) ? blankRelation(plan, spine.kind) : found;
  const relation = spine.kind === 'spine' ? raw : await crossInstants(session, raw, spine, path);
  outputNames(plan, relation.columns, input.shortNames);
  return prepareSpine(session, { relation, plan, path, format, table: input.table });
}

/** JSON Lines without a row, which cannot say what columns it would have had. */
async function isBlank(session: Session, { columns, sql }: SpineRelation): Promise<boolean> {
  return columns.length === 0 && (await session.rows(`SELECT 1 FROM (${sql}) LIMIT 1`)).length === 0;
}

/** No rows, with the columns that the join needs. */
function blankRelation(plan: FeaturePlan, kind: SpineFile['kind']): SpineRelation {
  const keys = plan.keyColumns.map(({ column }) => column);
  const asked = kind === 'spine' ? [EVENT_TIMESTAMP, ...plan.requestColumns.map(({ name }) => name)] : [];
  const columns = [...keys, ...asked].map((name, index) => ({ name, alias: columnAlias(index), type: JSON_TYPE }));
  const list = columns.map(({ alias }) => `NULL::JSON AS ${alias}`);
  return { sql: `SELECT ${['0::BIGINT AS __row', ...list].join(', ')} WHERE false`, columns };
}
