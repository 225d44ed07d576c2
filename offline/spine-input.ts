/** What a retrieval is asked for: a spine, or entities with a grid of instants. */
import { copyFile, stat } from 'node:fs/promises';
import { extname, join } from 'node:path';
import { AsofError } from '../contracts/errors.ts';
import type { FeaturePlan } from '../contracts/plan.ts';
import type { Session } from '../engine/engine.ts';
import { outputNames } from './assembly.ts';
import { prepareSpine, type PreparedSpine } from './spine.ts';
import { tableFormat } from './spine-format.ts';
import { crossInstants, spineRelation, type InstantGrid } from './spine-relation.ts';

/** A file of keys and times, or of keys alone with the instants at which each is asked. */
export type SpineInput =
  | { readonly kind: 'spine'; readonly path: string }
  | ({ readonly kind: 'entities'; readonly path: string } & InstantGrid);

/**
 * A copy in `directory`, where the engine may read it and where it cannot change under the work. Throws
 * `INPUT_NOT_FOUND`.
 */
export async function copyInput(path: string, directory: string): Promise<string> {
  const found = await stat(path).catch(() => undefined);
  if (!found?.isFile()) throw new AsofError('INPUT_NOT_FOUND', { where: 'spine', path });
  const copy = join(directory, `spine${extname(path)}`);
  await copyFile(path, copy);
  return copy;
}

/** Prepares the spine in the temporary table `table`. `file` is the copy. Throws what `prepareSpine` and `outputNames` throw. */
export async function readSpine(
  session: Session,
  input: {
    readonly spine: SpineInput;
    readonly file: string;
    readonly plan: FeaturePlan;
    readonly shortNames: boolean;
    readonly table: string;
  },
): Promise<PreparedSpine> {
  const { spine, plan } = input;
  const { path } = spine;
  const format = tableFormat(path);
  const raw = await spineRelation(session, path, input.file, format);
  const relation = spine.kind === 'spine' ? raw : crossInstants(raw, spine, path);
  outputNames(plan, relation.columns, input.shortNames);
  return prepareSpine(session, { relation, plan, path, format, table: input.table });
}
