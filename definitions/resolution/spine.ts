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
  const clash = findTypeClash(manifest, views, derived);
  if (clash !== undefined) {
    const problem = `${clash}; rename one, or read the view through an alias`;
    throw new AsofError('NAME_COLLISION', { where: 'features', problem });
  }
  return { keyColumns, requestColumns };
}

/** In words, the first column that keys and request sources want with two types; undefined when there is none. */
export function findTypeClash(
  manifest: Manifest,
  views: readonly PlannedView[],
  derived: readonly PlannedDerived[],
): string | undefined {
  const wanted: readonly (readonly [string, StoredType])[] = [
    ...views.flatMap((view) => keysOf(view, manifest).map(({ column, type }) => [column, type] as const)),
    ...derived.flatMap((view) =>
      requestColumnsOf(view, manifest).map(({ name, type }) => [name, storedType(type)] as const),
    ),
  ];
  const types = new Map<string, StoredType>();
  for (const [column, type] of wanted) {
    const earlier = types.get(column);
    if (earlier !== undefined && earlier !== type) {
      return `the spine's column "${column}" would have to be ${earlier} and ${type}`;
    }
    types.set(column, type);
  }
  return undefined;
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
