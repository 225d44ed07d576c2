/** A chaos platform for tests of one fault at one moment: the test says what happens when, and everything is checked afterwards. */
import { expect } from 'vitest';
import type { RunInputs } from '../../contracts/run-inputs.ts';
import type { WorkflowName } from '../../contracts/run-messages.ts';
import { startRun, waitForRun, type RunHandle, type RunResults } from '../../workers/starter.ts';
import { openChaosPlatform, type ChaosPlatform } from './chaos-platform.ts';
import { dayText, DAYS, SOURCE, VIEWS, type ViewName } from './definitions.ts';
import { createDice } from './dice.ts';
import { openInputFiles, type InputFiles } from './input-files.ts';
import { findBreaches } from './invariants.ts';
import { writeSpine } from './workload.ts';
import type { Question } from './expected-values.ts';

export interface FaultStage extends ChaosPlatform {
  readonly files: InputFiles;
  start<W extends WorkflowName>(workflow: W, input: Omit<RunInputs[W], 'project'>): Promise<RunHandle<W>>;
  /** Starts a run and waits for its result. */
  run<W extends WorkflowName>(workflow: W, input: Omit<RunInputs[W], 'project'>): Promise<RunResults[W]>;
  startIngest(): Promise<RunHandle<'ingest'>>;
  startBackfill(view: ViewName, options: BackfillOptions): Promise<RunHandle<'backfill'>>;
  /** Writes a spine file for a dataset of that name, and answers its path. */
  spine(dataset: string, questions: readonly Question[]): string;
  /** The newest snapshot of the source. */
  head(): Promise<number>;
  /** Brings everything up to date, and expects every invariant to hold. */
  expectWhole(): Promise<void>;
}

export interface BackfillOptions {
  /** From the first day on; default: all days. */
  readonly days?: number;
  readonly chunk: string;
  readonly restate: boolean;
}

/** Intervals of three hours in all days. */
export const INTERVALS = DAYS * 8;

export async function openFaultStage(seed: number): Promise<FaultStage> {
  const platform = await openChaosPlatform();
  const { project, client, catalog, applied, directory } = platform;
  const files = openInputFiles(`${directory}/inputs`, createDice(seed, 0));
  const spines = new Map<string, readonly Question[]>();
  const start: FaultStage['start'] = (workflow, input) =>
    startRun(client, workflow, { ...input, project } as RunInputs[typeof workflow]);
  const startBackfill: FaultStage['startBackfill'] = (view, { days = DAYS, chunk, restate }) => {
    const { fingerprint } = applied.manifest.views.find(({ name }) => name === view)!;
    const input = { project, view, from: dayText(0), to: dayText(days), chunk, restate };
    return startRun(client, 'backfill', input, { fingerprint });
  };
  const run: FaultStage['run'] = async (workflow, input) => waitForRun(await start(workflow, input));
  return {
    ...platform,
    files,
    start,
    run,
    startIngest: () => start('ingest', { source: SOURCE }),
    startBackfill,
    spine(dataset, questions) {
      const file = `${directory}/spines/${dataset}.csv`;
      writeSpine(file, questions);
      spines.set(dataset, questions);
      return file;
    },
    head: () => catalog.tables.head({ project, kind: 'source', name: SOURCE, version: '' }),
    async expectWhole() {
      for (const proxy of Object.values(platform.proxies)) proxy.heal();
      await run('ingest', { source: SOURCE });
      for (const view of VIEWS) await waitForRun(await startBackfill(view, { chunk: '1d', restate: false }));
      await run('materialize', { views: [...VIEWS] });
      expect(await findBreaches({ platform, files, spines, dice: createDice(seed, 1) })).toEqual({});
    },
  };
}
