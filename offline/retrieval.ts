/** A point-in-time join from file to file, in this process. */
import { randomUUID } from 'node:crypto';
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { DefinitionRuntime, FeaturePlan } from '../contracts/plan.ts';
import type { Engine, Session } from '../engine/engine.ts';
import { assemble, outputNames, type Leakage } from './assembly.ts';
import { moveInto } from './output-file.ts';
import { pinSnapshots } from './pinned-snapshots.ts';
import { tableFormat } from './spine-format.ts';
import { copyInput, readSpine, type SpineInput } from './spine-input.ts';
import { computeUnit, entityGroups } from './unit.ts';
import type { EventDependencies } from './view-events.ts';

export type { SpineInput } from './spine-input.ts';

export interface RetrievalDependencies extends EventDependencies {
  /** May read the lake's directories and read and write `workDirectory`. */
  readonly engine: Engine;
  /** Spine and output stand here while the engine works on them. */
  readonly workDirectory: string;
  readonly signal?: AbortSignal | undefined;
}

export interface RetrievalRequest {
  readonly project: string;
  readonly plan: FeaturePlan;
  readonly runtime: DefinitionRuntime;
  readonly spine: SpineInput;
  readonly asKnown: boolean;
  /** Features without the name of their view. */
  readonly shortNames: boolean;
  /** Source name to snapshot; the newest where none is named. */
  readonly snapshots?: Readonly<Record<string, number>>;
  readonly output: string;
}

export interface Retrieved {
  readonly rows: number;
  /** Of the output, in order. */
  readonly columns: readonly string[];
  readonly snapshots: Readonly<Record<string, number>>;
  readonly leakage: Leakage;
}

/**
 * Writes the spine with its features to `output`, by extension as Parquet, CSV or JSON Lines. The file appears whole or
 * not at all. Throws `INPUT_NOT_FOUND`, what `prepareSpine` throws, `NAME_COLLISION`, and `INVALID_VALUE` from derived
 * views.
 */
export async function retrieveHistorical(
  dependencies: RetrievalDependencies,
  request: RetrievalRequest,
): Promise<Retrieved> {
  const format = tableFormat(request.output);
  const directory = join(dependencies.workDirectory, `retrieval-${randomUUID()}`);
  await mkdir(directory, { recursive: true });
  try {
    const spine = await copyInput(request.spine.path, directory);
    const target = join(directory, `output.${format}`);
    const retrieved = await dependencies.engine.session(
      (session) => retrieve(session, dependencies, request, { spine, target }),
      dependencies.signal,
    );
    await moveInto(target, request.output);
    return retrieved;
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

async function retrieve(
  session: Session,
  dependencies: RetrievalDependencies,
  request: RetrievalRequest,
  files: { readonly spine: string; readonly target: string },
): Promise<Retrieved> {
  const { plan, spine } = request;
  const snapshots = await pinSnapshots(dependencies.tables, request.project, plan, request.snapshots);
  const { shortNames } = request;
  const prepared = await readSpine(session, { spine, file: files.spine, plan, shortNames, table: '__spine' });
  const groups = entityGroups(plan);
  for (const [index, group] of groups.entries()) {
    await computeUnit(session, dependencies, {
      project: request.project,
      plan,
      group,
      shard: { index: 0, count: 1 },
      asKnown: request.asKnown,
      spine: '__spine',
      snapshots,
      firstAt: prepared.firstAt,
      lastAt: prepared.lastAt,
      table: `__group${index}`,
    });
  }
  const { rows, leakage } = await assemble(session, {
    plan,
    runtime: request.runtime,
    columns: prepared.columns,
    shortNames,
    spine: '__spine',
    groups: groups.map((_, index) => `__group${index}`),
    range: { from: 0, to: prepared.rows },
    format: tableFormat(request.output),
    target: files.target,
  });
  return { rows, columns: outputNames(plan, prepared.columns, shortNames), snapshots, leakage };
}
