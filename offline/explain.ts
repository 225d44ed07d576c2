/** What a retrieval would do, without doing it: it reads the spine and the catalog, and of the sources only
 * what a spine without a file takes from them. */
import { randomUUID } from 'node:crypto';
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { EngineChoice } from '../contracts/engines.ts';
import { chooseEngines } from './engine-choice.ts';
import { pinSnapshots } from './pinned-snapshots.ts';
import type { RetrievalDependencies, RetrievalRequest } from './retrieval.ts';
import { openSpine, readSpine } from './spine-input.ts';
import { neededRange } from './unit.ts';

export interface ViewExplanation extends EngineChoice {
  /** The prefix of its columns. */
  readonly view: string;
  readonly source: string;
  readonly snapshot: number;
}

export interface Explanation {
  /** Of the spine. */
  readonly rows: number;
  readonly views: readonly ViewExplanation[];
}

/** Throws what `retrieveHistorical` throws before its first row. */
export async function explainRetrieval(
  dependencies: RetrievalDependencies,
  request: Omit<RetrievalRequest, 'output' | 'runtime'>,
): Promise<Explanation> {
  const { plan, project, shortNames, spine } = request;
  const directory = join(dependencies.workDirectory, `explain-${randomUUID()}`);
  await mkdir(directory, { recursive: true });
  try {
    const snapshots = await pinSnapshots(dependencies.tables, project, plan, request.snapshots);
    const prepared = await dependencies.engine.session(async (session) => {
      const opened = await openSpine(session, dependencies, { project, plan, spine, snapshots, directory });
      return readSpine(session, { opened, plan, shortNames, table: '__spine' });
    }, dependencies.signal);
    const engines = await chooseEngines(dependencies.tables, {
      project,
      plan,
      snapshots,
      engine: request.engine,
      rangeOf: (view) => neededRange(view, prepared),
      spark: dependencies.spark ?? null,
    });
    return {
      rows: prepared.rows,
      views: plan.views.map(({ as, source }) => ({
        view: as,
        source: source.name,
        snapshot: snapshots[source.name] ?? 0,
        ...engines[as]!,
      })),
    };
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}
