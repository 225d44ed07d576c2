/** What a retrieval would do, without doing it: it reads the spine and the catalog, and of the sources only
 * what a spine without a file takes from them. What it says comes from the functions that decide when it is done. */
import { rm } from 'node:fs/promises';
import type { EngineChoice } from '../contracts/engines.ts';
import type { FitUse } from '../contracts/fits.ts';
import type { PlannedView } from '../contracts/plan.ts';
import { formatInstant, type Micros } from '../contracts/time.ts';
import { explainReads, type ViewReadsExplanation } from './explain-reads.ts';
import { countFitUses } from './fit-uses.ts';
import { pinSnapshots } from './pinned-snapshots.ts';
import { decideSteps } from './retrieval-steps.ts';
import type { RetrievalDependencies, RetrievalRequest } from './retrieval.ts';
import { openSpine, readSpine } from './spine-input.ts';
import { neededRange } from './unit.ts';
import { makeWorkDirectory } from './work-directory.ts';

export interface ViewExplanation extends EngineChoice, ViewReadsExplanation {
  /** The prefix of its columns. */
  readonly view: string;
  readonly source: string;
  readonly snapshot: number;
  /** Null for a view without fitted transforms. */
  readonly fit: FitUse | null;
}

/** Plain JSON; instants are ISO 8601. */
export interface Explanation {
  /** Of the spine. */
  readonly rows: number;
  /** The least and greatest instant of a row; null without rows. */
  readonly firstAt: string | null;
  readonly lastAt: string | null;
  /** Each reads what its views read, for its part of the rows. */
  readonly shards: number;
  readonly views: readonly ViewExplanation[];
  /** Computed in Node from the values of others. */
  readonly derived: readonly { readonly view: string; readonly inputs: readonly string[] }[];
}

export interface ExplainRequest extends Omit<RetrievalRequest, 'output' | 'runtime'> {
  /** Of the engine that would compute. Default: that of the engine at hand. */
  readonly memoryBytes?: number | undefined;
}

/** Throws what `retrieveHistorical` throws before its first row. */
export async function explainRetrieval(
  dependencies: RetrievalDependencies,
  request: ExplainRequest,
): Promise<Explanation> {
  const { plan, project, shortNames, spine } = request;
  const directory = await makeWorkDirectory(dependencies.workDirectory, 'explain');
  try {
    const snapshots = await pinSnapshots(dependencies.tables, project, plan, request.snapshots);
    const { prepared, fits } = await dependencies.engine.session(async (session) => {
      const opened = await openSpine(session, dependencies, { project, plan, spine, snapshots, directory });
      const read = await readSpine(session, { opened, plan, shortNames, table: '__spine' });
      return { prepared: read, fits: await countFitUses(session, plan, '__spine') };
    }, dependencies.signal);
    const { shards, engines } = await decideSteps(dependencies, {
      ...{ project, plan, snapshots, prepared },
      memoryBytes: request.memoryBytes ?? dependencies.engine.memoryBytes,
      shards: request.shards,
      engine: request.engine,
    });
    const explainView = async (planned: PlannedView): Promise<ViewExplanation> => {
      const { as, view, source } = planned;
      const snapshot = snapshots[source.name] ?? 0;
      const choice = engines[as]!;
      const { asKnown, tiles } = request;
      const reads = { project, planned, snapshot, range: neededRange(planned, prepared), asKnown, tiles };
      return {
        view: as,
        source: source.name,
        snapshot,
        ...choice,
        ...(await explainReads(dependencies, choice.engine, reads)),
        fit: fits[view.name] ?? null,
      };
    };
    return {
      rows: prepared.rows,
      firstAt: instantOf(prepared.firstAt),
      lastAt: instantOf(prepared.lastAt),
      shards,
      views: await Promise.all(plan.views.map(explainView)),
      derived: plan.derived.map(({ as, inputs }) => ({
        view: as,
        inputs: inputs.map((input) => (input.kind === 'view' ? input.as : input.name)),
      })),
    };
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

function instantOf(micros: Micros | null): string | null {
  return micros === null ? null : formatInstant(micros);
}
