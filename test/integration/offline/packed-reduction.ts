/** Makes a failing pack small enough to read: the one world, and of it the rows that it takes to fail. */
import type { TimeRange } from '../../../contracts/lake.ts';
import type { Mistake } from '../../world/packed/mistakes.ts';
import { packWorlds, type Pack } from '../../world/packed/pack.ts';
import type { PackedRequest, PackedWorld } from '../../world/packed/arbitrary-pack.ts';
import { checkPack } from './packed-run.ts';

export interface ReducedMistake {
  readonly pack: string;
  readonly mistake: Mistake;
  /** What is left of the world: without any one of its rows the answer is right. Null when the world alone does not fail. */
  readonly world: PackedWorld | null;
}

export async function reduceMistake(
  { kind, worlds, requests }: Pack,
  mistake: Mistake,
  backfilled: readonly TimeRange[],
): Promise<ReducedMistake> {
  const request = requests[mistake.request]!;
  const found = worlds.find((world) => world.requests.some(({ keys }) => isSameKey(keys, request.keys)));
  const fails = async (world: PackedWorld): Promise<Mistake | undefined> =>
    (await checkPack(packWorlds(kind, [world], 0), backfilled)).find(({ column }) => column === mistake.column);
  if (!found) return { pack: kind.name, mistake, world: null };
  let world: PackedWorld = { ...found, requests: [request] };
  let reduced = await fails(world);
  if (!reduced) return { pack: kind.name, mistake, world: null };
  for (let index = world.rows.length - 1; index >= 0; index--) {
    const smaller: PackedWorld = { ...world, rows: world.rows.toSpliced(index, 1) };
    const still = await fails(smaller);
    if (still) [world, reduced] = [smaller, still];
  }
  return { pack: kind.name, mistake: reduced, world };
}

function isSameKey(a: PackedRequest['keys'], b: PackedRequest['keys']): boolean {
  return a.every((part, index) => part === b[index]);
}
