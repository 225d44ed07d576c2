/** Which part of which input is new. Pure. */
import { subtractRanges, unionRanges } from '../catalog/ranges.ts';
import type { IngestedInput, TimeRange } from '../contracts/lake.ts';
import type { InputFile } from '../sources/source.ts';
import type { PlannedInput } from './ingestion-plan.ts';

export interface InputWork extends Pick<PlannedInput, 'take' | 'skip' | 'replaces'> {
  readonly input: InputFile;
}

/**
 * Compares the inputs that are there with what the table holds. An unchanged file (path and checksum) is taken once:
 * only event times that were not taken before. A changed file replaces its earlier versions, so it is taken for all the
 * time that they covered too; otherwise a ranged ingestion would lose rows.
 */
export function findInputWork(
  listed: readonly InputFile[],
  held: readonly IngestedInput[],
  range: TimeRange | null,
): { readonly work: readonly InputWork[]; readonly unchanged: number } {
  const byPath = new Map<string, IngestedInput[]>();
  for (const version of held) byPath.set(version.path, [...(byPath.get(version.path) ?? []), version]);
  const work: InputWork[] = [];
  for (const input of listed) {
    const versions = byPath.get(input.path) ?? [];
    const same = versions.filter(({ checksum }) => checksum === input.checksum);
    const replaces = versions.filter(({ checksum }) => checksum !== input.checksum);
    if (same.some((version) => version.range === null)) continue;
    const skip = unionRanges(same.flatMap((version) => version.range ?? []));
    const wanted = wantedTime(range, replaces);
    const take = wanted === null ? null : subtractRanges(wanted, skip);
    if (take?.length === 0) continue;
    work.push({ input, take, skip, replaces });
  }
  return { work, unchanged: listed.length - work.length };
}

function wantedTime(range: TimeRange | null, replaces: readonly IngestedInput[]): readonly TimeRange[] | null {
  if (range === null || replaces.some((version) => version.range === null)) return null;
  return unionRanges([range], ...replaces.map((version) => (version.range === null ? [] : [version.range])));
}
