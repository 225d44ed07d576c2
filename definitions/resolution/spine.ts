import { AsofError } from '../../contracts/errors.ts';
import type { ColumnManifest, Manifest } from '../../contracts/manifest.ts';
import type { FeaturePlan, PlannedDerived, PlannedKeyColumn, PlannedView } from '../../contracts/plan.ts';
import { storedType, type StoredType } from '../../contracts/values.ts';

/**
 * What a spine or request must bring: key columns in order of first use, and the columns of request sources. Throws
 * `NAME_COLLISION` when one column would have to hold two types.
 */
export function planSpine(
  manifest: Manifest,
  views: readonly PlannedView[],
  derived: readonly PlannedDerived[],
): Pick<FeaturePlan, 'keyColumns' | 'requestColumns'> {
  const keyColumns = firstOfEach(
    views.flatMap((view) => keysOf(view, manifest)),
    ({ column }) => column,
  );
  const requestColumns = firstOfEach(
    derived.flatMap((view) => requestColumnsOf(view, manifest)),
    ({ name }) => name,
  );
  const types = new Map<string, StoredType>();
  const expect = (column: string, type: StoredType): void => {
    const earlier = types.get(column);
    if (earlier !== undefined && earlier !== type) {
      const problem = `the spine's column "${column}" would have to be ${earlier} and ${type}; rename one, or read the view through an alias`;
      throw new AsofError('NAME_COLLISION', { where: 'features', problem });
    }
    types.set(column, type);
  };
  for (const view of views) for (const { column, type } of keysOf(view, manifest)) expect(column, type);
  for (const view of derived)
    for (const { name, type } of requestColumnsOf(view, manifest)) expect(name, storedType(type));
  return { keyColumns, requestColumns };
}

function keysOf({ view, spineColumns }: PlannedView, manifest: Manifest): readonly PlannedKeyColumn[] {
  const entityKeys = view.entities.flatMap((entity) =>
    manifest.entities.find(({ name }) => name === entity)!.keys.map(({ name, type }) => ({ entity, key: name, type })),
  );
  return entityKeys.map((key, index) => ({ column: spineColumns[index]!, ...key }));
}

function requestColumnsOf(view: PlannedDerived, manifest: Manifest): readonly ColumnManifest[] {
  return view.view.inputs.flatMap((input) =>
    input.kind === 'request' ? manifest.sources.find(({ name }) => name === input.source)!.columns : [],
  );
}

function firstOfEach<Item>(items: readonly Item[], identify: (item: Item) => string): readonly Item[] {
  const names = items.map(identify);
  return items.filter((item, index) => names.indexOf(identify(item)) === index);
}
