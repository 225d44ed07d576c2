/**
 * One chaos run from a seed: work and faults side by side, then quiet, then every invariant. The lake of an even seed stands on S3, that
 * of an odd one on a disk.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { openChaosPlatform } from './chaos-platform.ts';
import { damageUnseen } from './damaged-file.ts';
import { createDice } from './dice.ts';
import { openRunLog } from './durable-runs.ts';
import { injectFaults } from './faults.ts';
import { openInputFiles } from './input-files.ts';
import { checkOffline, findBreaches } from './invariants.ts';
import { openJournal } from './journal.ts';
import { createWorkload } from './workload.ts';

/** The run lasts until all of them are over. */
export interface ChaosLength {
  readonly minutes: number;
  /** Changes of the inputs, each ingested. */
  readonly changes: number;
  readonly faults: number;
}

export interface ChaosReport {
  readonly breaches: Readonly<Record<string, readonly string[]>>;
  /** How often each fault was injected, and how runs ended. */
  readonly faults: ReadonlyMap<string, number>;
  readonly runs: ReadonlyMap<string, number>;
  readonly journal: readonly string[];
}

export async function runChaos(seed: number, length: ChaosLength): Promise<ChaosReport> {
  const journal = openJournal();
  journal.note(`seed ${seed}`);
  const platform = await openChaosPlatform({ lakeKind: seed % 2 === 0 ? 's3' : 'disk' });
  try {
    const dice = [0, 1, 2, 3, 4].map((lane) => createDice(seed, lane));
    const files = openInputFiles(`${platform.directory}/inputs`, dice[0]!);
    const runs = openRunLog(platform, journal);
    const workload = createWorkload({ platform, files, runs, journal, feedDice: dice[1]!, workDice: dice[2]! });
    const evidence = { platform, files, spines: workload.spines, dice: dice[4]! };
    const halfStates: string[] = [];
    const over = new AbortController();
    const deadline = performance.now() + length.minutes * 60_000;

    const faults = new Map<string, number>();
    const injected = (): number => [...faults.values()].reduce((sum, count) => sum + count, 0);
    const feed = async (): Promise<void> => {
      for (let change = 0; ; change++) {
        if (change >= length.changes && injected() >= length.faults && performance.now() >= deadline) return;
        await workload.feed();
      }
    };
    const work = async (): Promise<void> => {
      while (!over.signal.aborted) await workload.work();
    };
    const read = async (): Promise<void> => {
      while (!over.signal.aborted) {
        halfStates.push(...(await checkOffline(evidence)));
        await sleep(1000);
      }
    };
    await workload.feed();
    const beside = Promise.all([work(), read()]);
    const faulty = injectFaults(platform, dice[3]!, journal, faults, over.signal);
    try {
      await Promise.race([feed(), beside.then(() => Promise.reject(new Error('the work beside ended early')))]);
    } finally {
      over.abort();
    }
    await faulty;
    await beside;
    journal.note('no more faults');
    await workload.settle();
    const found = await findBreaches(evidence);
    const unseen = await damageUnseen(evidence);
    const breaches = {
      ...found,
      ...(unseen.length > 0 && { 'I1: a file that was damaged is found, and refused': unseen }),
      ...(halfStates.length > 0 && { 'I9: readers beside see whole snapshots': halfStates }),
      ...(runs.breaches.length > 0 && { 'I6: runs end, and fail only for what failed around them': runs.breaches }),
    };
    return { breaches, faults, runs: runs.counts, journal: journal.lines };
  } finally {
    await platform.close();
  }
}
