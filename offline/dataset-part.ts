/** A part of a version by its name. */
import type { DatasetManifest, KeptSplit } from '../catalog/catalog.ts';
import { AsofError } from '../contracts/errors.ts';
import type { ChosenPart } from './dataset-rows.ts';

/** Throws `UNKNOWN_NAME` with the names that there are. */
export function findPart(
  splits: readonly KeptSplit[],
  dataset: DatasetManifest,
  name: string,
): ChosenPart & { readonly rows: number } {
  for (const { parts, file } of splits) {
    const index = parts.findIndex((part) => part.name === name);
    if (index >= 0) return { file, index, rows: parts[index]!.rows };
  }
  const where = `dataset ${dataset.name}@${dataset.version}`;
  const known = splits.flatMap(({ parts }) => parts.map((part) => part.name));
  throw new AsofError('UNKNOWN_NAME', {
    ...{ where, kind: 'part', name },
    known: known.length > 0 ? known : ['none; make one with `asof dataset split`'],
  });
}
