/** A point-in-time join from file to file, in this process. */
import { rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { EngineWish } from '../contracts/engines.ts';
import { AsofError } from '../contracts/errors.ts';
import type { DefinitionRuntime, FeaturePlan } from '../contracts/plan.ts';
import type { Engine, Session } from '../engine/engine.ts';
import { quoteIdentifier } from '../engine/sql.ts';
import type { FitUses } from '../contracts/fits.ts';
import { assemble, outputNames } from './assembly.ts';
import { countFitUses } from './fit-uses.ts';
import type { EngineChoices } from './engine-choice.ts';
import type { Leakage } from './leakage.ts';
import { moveInto } from './output-file.ts';
import { pinSnapshots } from './pinned-snapshots.ts';
import { decideSteps } from './retrieval-steps.ts';
import { tableFormat } from './spine-format.ts';
import { openSpine, readSpine, type SpineInput } from './spine-input.ts';
import {
  computeUnit,
  entityGroups,
  createUnitTable,
  type EntityGroup,
  type UnitDependencies,
  type UnitTable,
} from './unit.ts';
import { makeWorkDirectory } from './work-directory.ts';

export type { SpineInput } from './spine-input.ts';

export interface RetrievalDependencies extends UnitDependencies {
  /** May read the lake's directories and read and write `workDirectory`. */
  readonly engine: Engine;
  /** Spine and output stand here while the engine works on them. */
  readonly workDirectory: string;
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
  /** Parts in which the rows are worked on, one after the other, by hash of the key. Default: by the numbers of rows. */
  readonly shards?: number;
  /** Whether tiles of view tables stand for rows: true wherever they can, false never. Default: where they pay. */
  readonly tiles?: boolean | undefined;
  /** For every view; default: what each view says. */
  readonly engine?: EngineWish | undefined;
  readonly output: string;
}

export interface Retrieved {
  readonly rows: number;
  /** Of the output, in order. */
  readonly columns: readonly string[];
  readonly snapshots: Readonly<Record<string, number>>;
  readonly leakage: Leakage;
  readonly fits: FitUses;
  readonly engines: EngineChoices;
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
  if ('path' in request.spine && resolve(request.output) === resolve(request.spine.path)) {
    throw new AsofError('USAGE', { problem: `the output ${request.output} is the spine itself; name another file` });
  }
  const directory = await makeWorkDirectory(dependencies.workDirectory, 'retrieval');
  try {
    const target = join(directory, `output.${format}`);
    const retrieved = await dependencies.engine.session(
      (session) => retrieve(session, dependencies, request, { directory, target }),
      dependencies.signal,
    );
    await moveInto(target, request.output);
    return retrieved;
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

/** The shards of a group as one table in the order of the spine, in their stead. */
async function mergeShards(
  session: Session,
  plan: FeaturePlan,
  group: EntityGroup,
  shards: {
    readonly parts: readonly { readonly table: string }[];
    readonly computed: readonly (readonly UnitTable[])[];
    readonly table: string;
  },
): Promise<UnitTable> {
  const { parts, computed, table } = shards;
  const all = parts.map((part) => `SELECT * FROM ${quoteIdentifier(part.table)}`).join(' UNION ALL ');
  const merged = await createUnitTable(session, { plan, group, units: `(${all})`, table });
  for (const part of parts) await session.run(`DROP VIEW ${quoteIdentifier(part.table)}`);
  for (const { table: under } of computed.flat()) await session.run(`DROP TABLE ${quoteIdentifier(under)}`);
  return merged;
}

async function retrieve(
  session: Session,
  dependencies: RetrievalDependencies,
  request: RetrievalRequest,
  files: { readonly directory: string; readonly target: string },
): Promise<Retrieved> {
  const { plan, spine } = request;
  const snapshots = await pinSnapshots(dependencies.tables, request.project, plan, request.snapshots);
  const { shortNames } = request;
  const { directory } = files;
  const opened = await openSpine(session, dependencies, {
    ...{ project: request.project, plan, spine, snapshots, directory },
  });
  const prepared = await readSpine(session, { opened, plan, shortNames, table: '__spine' });
  const fits = await countFitUses(session, plan, '__spine');
  const { shards, engines } = await decideSteps(dependencies, {
    ...{ project: request.project, plan, snapshots, prepared },
    memoryBytes: dependencies.engine.memoryBytes,
    shards: request.shards,
    engine: request.engine,
  });
  const tables: UnitTable[] = [];
  for (const [position, group] of entityGroups(plan).entries()) {
    const { project, asKnown, tiles, runtime } = request;
    const { firstAt, lastAt } = prepared;
    const unit = {
      project,
      plan,
      group,
      asKnown,
      tiles,
      runtime,
      spine: '__spine',
      snapshots,
      firstAt,
      lastAt,
      engines,
    };
    const parts = Array.from({ length: shards }, (_, index) => ({
      table: `__group${position}_${index}`,
      shard: { index, count: shards },
    }));
    const computed: (readonly UnitTable[])[] = [];
    for (const part of parts) computed.push(await computeUnit(session, dependencies, { ...unit, ...part }));
    if (shards === 1) tables.push(...computed.flat());
    else tables.push(await mergeShards(session, plan, group, { parts, computed, table: `__group${position}` }));
  }
  const { rows, leakage } = await assemble(session, {
    plan,
    runtime: request.runtime,
    columns: prepared.columns,
    shortNames,
    spine: '__spine',
    tables,
    format: tableFormat(request.output),
    target: files.target,
  });
  return { rows, columns: outputNames(plan, prepared.columns, shortNames), snapshots, leakage, fits, engines };
}
