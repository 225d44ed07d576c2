/**
 * Workers killed in the middle of an ingestion, a backfill and a dataset build. The command that waits goes on, and what
 * comes out equals an undisturbed run. The seed decides who is killed and when; `ASOF_E2E_SEEDS=7,8` tries others.
 */
import { readFileSync, rmSync } from 'node:fs';
import type { WorkflowHandle } from '@temporalio/client';
import { beforeAll, expect, inject, it } from 'vitest';
import type { ProcessName } from '../../contracts/config.ts';
import type { RunProgress } from '../../contracts/runs.ts';
import { readDocument } from './support/command.ts';
import { poll } from './support/polling.ts';
import { createFlightsProject, type Project } from './support/project.ts';
import { askProgress, findRunning, isRunning, withTemporalClient } from './support/runs.ts';
import { createRandom } from './support/seeded-random.ts';
import { runStatements } from './support/tables.ts';

const SEEDS = (process.env['ASOF_E2E_SEEDS'] ?? '1,2,3').split(',').map(Number);
const WORKERS = ['worker-compute', 'worker-orchestration', 'worker-serving'] as const;
const FLIGHTS = 100_000;
const INPUT_FILES = 25;
const RANGE = { from: '2001-01-01T00:00:00Z', to: '2001-01-08T00:00:00Z' };
const MINUTE = 60_000;

/** Work that a killed worker interrupts once `hasBegun` says so; `share`, from 0 to 1, is how far the work may get. */
interface Stage {
  readonly workflow: string;
  readonly command: readonly string[];
  readonly hasBegun: (progress: RunProgress, share: number) => boolean;
}

const STAGES: readonly Stage[] = [
  {
    workflow: 'ingest',
    command: ['ingest', 'flights'],
    hasBegun: ({ step }, share) => share < 0.3 || step !== 'plan',
  },
  {
    workflow: 'backfill',
    command: ['backfill', 'airport_delays', '--from', RANGE.from, '--to', RANGE.to, '--chunk', '3h'],
    hasBegun: ({ done, total }, share) => done > share * 0.6 * total,
  },
  {
    workflow: 'buildTrainingDataset',
    command: [
      'dataset',
      'build',
      'late',
      '--spine',
      'data/spine.parquet',
      '--service',
      'late_departures',
      '--shards',
      '4',
    ],
    hasBegun: ({ step, done, total }, share) => step !== 'plan' && done >= share * 0.5 * total,
  },
];

/** What must be the same whoever was killed. */
interface Outcome {
  readonly source: unknown;
  readonly ranges: unknown;
  readonly leakage: unknown;
  readonly dataset: string;
}

let undisturbed: Outcome;
beforeAll(async () => {
  undisturbed = await withSplitFlights(async (project) => {
    for (const { command } of STAGES) await project.run(...command);
    return readOutcome(project);
  });
}, 10 * MINUTE);

it.each(SEEDS)('killed workers change nothing, seed %i', { timeout: 10 * MINUTE }, async (seed) => {
  const random = createRandom(seed);
  const disturbed: boolean[] = [];
  const outcome = await withSplitFlights(async (project) => {
    for (const [index, stage] of STAGES.entries()) {
      const victim = WORKERS[(seed + index) % WORKERS.length]!;
      disturbed.push(await runWithKilledWorker(project, stage, victim, random()));
    }
    return readOutcome(project);
  });
  expect(outcome).toEqual(undisturbed);
  // on a fast machine an ingestion may be over a moment before its worker is killed
  expect(disturbed.filter(Boolean).length, 'stages that were still at work').toBeGreaterThanOrEqual(2);
});

/** A project with a running stack, whose flights come in many files. */
async function withSplitFlights<T>(work: (project: Project) => Promise<T>): Promise<T> {
  const project = createFlightsProject(inject('flightsData'));
  try {
    await splitFlights(project);
    await project.run('dev', '--detach');
    await project.run('apply', '--yes');
    await project.run('ingest', 'airports');
    return await work(project);
  } finally {
    await project.close();
  }
}

/** The same rows in the same order: files are numbered in byte order of their paths. */
async function splitFlights(project: Project): Promise<void> {
  const whole = project.file('data/flights/flights.parquet');
  const rows = FLIGHTS / INPUT_FILES;
  const parts = Array.from({ length: INPUT_FILES }, (_, part) => {
    const file = project.file(`data/flights/part-${String(part).padStart(2, '0')}.parquet`);
    return `COPY (SELECT * EXCLUDE (file_row_number) FROM read_parquet('${whole}', file_row_number = true)
      WHERE file_row_number // ${rows} = ${part}) TO '${file}' (FORMAT parquet)`;
  });
  await runStatements(...parts);
  rmSync(whole);
}

/** Whether the run was still at work when its worker was killed. */
async function runWithKilledWorker(
  project: Project,
  stage: Stage,
  victim: ProcessName,
  share: number,
): Promise<boolean> {
  const running = project.start(...stage.command);
  const disturbed = await withTemporalClient(project.stack(), async (client) => {
    const handle = await poll(() => findRunning(client, stage.workflow));
    await untilBegun(handle, stage, share);
    process.kill(project.pidOf(victim), 'SIGKILL');
    return isRunning(handle);
  });
  const { started } = await project.run<{ started: readonly ProcessName[] }>('dev', '--detach');
  expect(started).toEqual([victim]);
  readDocument(await running.outcome, 0);
  return disturbed;
}

async function untilBegun(handle: WorkflowHandle, stage: Stage, share: number): Promise<void> {
  await poll(async () => {
    const progress = await askProgress(handle);
    return progress !== undefined && stage.hasBegun(progress, share) ? progress : undefined;
  });
}

async function readOutcome(project: Project): Promise<Outcome> {
  const { conservation, rows, snapshot } = await project.run<SourceDescription>('describe', 'flights');
  expect(conservation).toEqual({ rowsIn: FLIGHTS, committed: rows, quarantined: FLIGHTS - rows, deduplicated: 0 });
  const { done, dirty } = await project.run<BackfillStatus>('backfill', 'status', 'airport_delays');
  const { leakage } = await project.run<{ leakage: unknown }>('dataset', 'show', 'late');
  await project.run('dataset', 'export', 'late@1', '--out', 'late.csv');
  expect(await project.run('fsck', '--deep')).toMatchObject({ ok: true, problems: [] });
  return {
    source: { conservation, snapshot },
    ranges: { done, dirty },
    leakage,
    dataset: readFileSync(project.file('late.csv'), 'utf8'),
  };
}

interface SourceDescription {
  readonly rows: number;
  readonly snapshot: number;
  readonly conservation: unknown;
}

interface BackfillStatus {
  readonly done: unknown;
  readonly dirty: unknown;
}
