/** What a chaos run does while faults happen: files come and change and are ingested; beside that everything that reads them works. */
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { ACCOUNTS, DAY_MILLIS, DAYS, dayText, FIRST_DAY, SOURCE, VIEWS, type ViewName } from './definitions.ts';
import type { ChaosPlatform } from './chaos-platform.ts';
import type { Dice } from './dice.ts';
import type { RunLog } from './durable-runs.ts';
import type { Question } from './expected-values.ts';
import type { InputFiles } from './input-files.ts';
import type { Journal } from './journal.ts';

export interface Workload {
  /** One change of the inputs and its ingestion, until it succeeds: the next change must not meet half an ingestion. */
  feed(): Promise<void>;
  /** One piece of other work. */
  work(): Promise<void>;
  /** Brings everything up to date. */
  settle(): Promise<void>;
  /** The spine of each dataset that was asked for, by name. */
  readonly spines: ReadonlyMap<string, readonly Question[]>;
}

export interface WorkloadParts {
  readonly platform: ChaosPlatform;
  readonly files: InputFiles;
  readonly runs: RunLog;
  readonly journal: Journal;
  readonly feedDice: Dice;
  readonly workDice: Dice;
}

const CANCELLED_SHARE = 0.15;

export function createWorkload({ platform, files, runs, journal, feedDice, workDice }: WorkloadParts): Workload {
  const { project, applied, directory } = platform;
  const spines = new Map<string, readonly Question[]>();
  const cancelAfter = (dice: Dice): number | undefined =>
    dice.happens(CANCELLED_SHARE) ? dice.millis(0, 2000) : undefined;

  const ingest = async (): Promise<void> => {
    const input = { project, source: SOURCE };
    for (let cancelAfterMillis = cancelAfter(feedDice); ; cancelAfterMillis = undefined) {
      if ((await runs.run('ingest', input, { cancelAfterMillis })) !== undefined) return;
      if (runs.breaches.length > 0) throw new Error('an ingestion failed for no good reason');
    }
  };
  const backfill = async (view: ViewName, range: { from: string; to: string }, dice: Dice | null): Promise<void> => {
    const { fingerprint } = applied.manifest.views.find(({ name }) => name === view)!;
    const chosen = dice && {
      chunk: dice.pick(['6h', '1d', '1d', '2d']),
      parallel: 1 + dice.integer(3),
      ...(dice.happens(0.3) && { restate: true }),
    };
    const input = { project, view, ...range, ...chosen };
    await runs.run('backfill', input, { fingerprint, ...(dice && { cancelAfterMillis: cancelAfter(dice) }) });
  };
  const buildDataset = async (dice: Dice): Promise<void> => {
    const questions = drawQuestions(dice, 20);
    const name = `set${spines.size + 1}`;
    spines.set(name, questions);
    const spine = path.join(directory, 'spines', `${name}.csv`);
    writeSpine(spine, questions);
    const input = { project, name, spine, features: [...VIEWS], shards: 1 + dice.integer(3) };
    await runs.run('buildTrainingDataset', input, { cancelAfterMillis: cancelAfter(dice) });
  };

  return {
    spines,
    async feed() {
      journal.note(files.change());
      await ingest();
    },
    async work() {
      const dice = workDice;
      const throwOf = dice.integer(10);
      if (throwOf < 4) {
        const first = dice.integer(DAYS);
        const range = { from: dayText(first), to: dayText(first + 1 + dice.integer(DAYS - first)) };
        return backfill(dice.pick(VIEWS), range, dice);
      }
      if (throwOf < 7) {
        const views = dice.pick([['latest'], ['totals'], [...VIEWS]]);
        return void (await runs.run('materialize', { project, views }, { cancelAfterMillis: cancelAfter(dice) }));
      }
      if (throwOf < 9) return buildDataset(dice);
      const upkeep = { project, retentionDays: 0, graceDays: dice.pick([0, 1]) };
      return void (await runs.run('maintain', upkeep, { cancelAfterMillis: cancelAfter(dice) }));
    },
    async settle() {
      await ingest();
      for (const view of VIEWS) await backfill(view, { from: dayText(0), to: dayText(DAYS) }, null);
      await runs.run('materialize', { project, views: [...VIEWS] });
    },
  };
}

/** Instants at which something may have just happened, or not yet. */
export function drawQuestions(dice: Dice, count: number): readonly Question[] {
  return Array.from({ length: count }, () => ({
    name: dice.pick(ACCOUNTS),
    atMillis: FIRST_DAY + dice.integer((DAYS + 4) * 24) * (DAY_MILLIS / 24) + dice.pick([-1, 0, 0, 1]),
  }));
}

export function writeSpine(file: string, questions: readonly Question[]): void {
  const lines = questions.map(
    ({ name, atMillis }) => `${new Date(atMillis).toISOString()},"${name.replaceAll('"', '""')}"`,
  );
  writeFileSync(file, `event_timestamp,name\n${lines.join('\n')}\n`);
}
