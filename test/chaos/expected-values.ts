/** What the oracle answers, in the words of a JSON Lines file. */
import type { FeaturePlan } from '../../contracts/plan.ts';
import type { EngineValue } from '../../engine/engine.ts';
import { askOracle } from '../world/oracle.ts';
import type { World, WorldRow } from '../world/world.ts';

export interface Question {
  readonly name: string;
  readonly atMillis: number;
}

/** By question, then by output column. */
export function expectedValues(
  plan: FeaturePlan,
  rows: readonly WorldRow[],
  questions: readonly Question[],
): readonly Readonly<Record<string, unknown>>[] {
  return questions.map(({ name, atMillis }) => {
    const answers: Record<string, unknown> = {};
    for (const planned of plan.views) {
      const world: World = { planned, asKnown: false, rows, requests: [] };
      const answer = askOracle(world, { keys: [name], at: BigInt(atMillis) * 1000n });
      for (const [feature, { value }] of Object.entries(answer)) answers[`${planned.as}__${feature}`] = plain(value);
    }
    return answers;
  });
}

/** Integers of the model are small. */
export function plain(value: EngineValue): unknown {
  if (typeof value === 'bigint') return Number(value);
  return Array.isArray(value) ? value.map((item: EngineValue) => plain(item)) : value;
}
