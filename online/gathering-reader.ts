/** Many reads of the lake at once as few: those of the same view among the same rows are one query, each key at its own instant. */
import type { PlannedView } from '../contracts/plan.ts';
import type { LakeQuestion, LakeReader } from './lake-reader.ts';
import type { OnlineCell } from './online-cell.ts';

type Cells = readonly OnlineCell[];

interface Asked {
  readonly question: LakeQuestion;
  readonly resolve: (cells: readonly Cells[]) => void;
  readonly reject: (error: unknown) => void;
}

/** Waits for the calls of one turn of the event loop. Queries run one after the other: each takes what memory there is. */
export function gatherReads(reader: LakeReader): LakeReader {
  let waiting: Asked[] = [];
  let last: Promise<void> = Promise.resolve();
  const ask = async (group: readonly Asked[]): Promise<void> => {
    const [{ question: first }] = group as [Asked];
    const keys = group.flatMap(({ question }) => question.keys);
    const instants = group.flatMap(({ question }) => question.keys.map(() => question.at));
    const at = instants.reduce((latest, instant) => (instant > latest ? instant : latest), first.at);
    try {
      const cells = await reader.read({ ...first, keys, instants, at });
      let place = 0;
      for (const { question, resolve } of group) resolve(cells.slice(place, (place += question.keys.length)));
    } catch (error) {
      for (const { reject } of group) reject(error);
    }
  };
  const flush = (): void => {
    const groups = groupsOf(waiting);
    waiting = [];
    for (const group of groups) last = last.then(() => ask(group));
  };
  return {
    read: (question) =>
      new Promise<readonly Cells[]>((resolve, reject) => {
        if (waiting.push({ question, resolve, reject }) === 1) setImmediate(flush);
      }),
  };
}

function groupsOf(asked: readonly Asked[]): readonly (readonly Asked[])[] {
  const byView = new Map<PlannedView, Map<string, Asked[]>>();
  for (const one of asked) {
    const { view, snapshot, among } = one.question;
    const groups = byView.get(view) ?? new Map<string, Asked[]>();
    byView.set(view, groups);
    const rows = [snapshot, among?.dueTo, ...(among?.without ?? []).flatMap(({ start, end }) => [start, end])].join(
      ' ',
    );
    const group = groups.get(rows) ?? [];
    groups.set(rows, group);
    group.push(one);
  }
  return [...byView.values()].flatMap((groups) => [...groups.values()]);
}
