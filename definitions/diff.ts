/** A plan is data: what `apply` would change, what follows from it, and what would be lost. */
import type { Manifest, ViewManifest } from '../contracts/manifest.ts';
import { findDependants, type DefinitionLabel } from './comparison/dependants.ts';
import { findEntityLosses, findSourceLosses, findViewLosses } from './comparison/destructive.ts';
import { describeScheduleChange, scheduleChanges, type ScheduleChange } from './declared-schedules.ts';
import { compareFields, describeFieldChange, type FieldChange } from './comparison/field-changes.ts';

export interface DefinitionPlan {
  /** Fingerprint of the manifest that is applied now; null before the first apply. */
  readonly before: string | null;
  readonly after: string;
  /** Sorted by kind, then name. Empty when the manifests mean the same. */
  readonly changes: readonly DefinitionChange[];
  /** Views with stored values that get a new version. */
  readonly recompute: readonly Recomputation[];
  /** Definitions that read something changed or removed, directly or through others. */
  readonly affected: readonly DefinitionLabel[];
  /** What would be lost, in words; not empty means that consent is needed. */
  readonly destructive: readonly string[];
  /** What becomes of the schedules that definitions declare. */
  readonly schedules: readonly ScheduleChange[];
}

export interface DefinitionChange {
  readonly kind: 'entity' | 'source' | 'view' | 'alias' | 'service';
  readonly name: string;
  readonly action: 'added' | 'changed' | 'removed';
  /** What differs in the definition itself; empty for added and removed ones, and when only what it reads changed. */
  readonly fields: readonly FieldChange[];
  /** Whether values change: false for descriptions, owners, tags and operational options. */
  readonly newVersion: boolean;
  readonly affected: readonly DefinitionLabel[];
  readonly destructive: readonly string[];
}

export interface Recomputation {
  readonly view: string;
  readonly before: string;
  readonly after: string;
  readonly stores: readonly ('offline' | 'online')[];
}

interface Definition {
  readonly name: string;
  readonly fingerprint?: string;
}

/** The plan from the applied manifest, or from nothing, to another. */
export function diffManifests(before: Manifest | undefined, after: Manifest): DefinitionPlan {
  const manifests = before === undefined ? [after] : [before, after];
  const compare = <Item extends Definition>(
    kind: DefinitionChange['kind'],
    select: (manifest: Manifest) => readonly Item[],
    findLosses: (before: Item, after: Item) => readonly string[] = () => [],
  ): readonly DefinitionChange[] =>
    compareDefinitions(kind, before === undefined ? [] : select(before), select(after), manifests, findLosses);

  const changes = [
    ...compare('entity', ({ entities }) => entities, findEntityLosses),
    ...compare('source', ({ sources }) => sources, findSourceLosses),
    ...compare('view', ({ views }) => views, findViewLosses),
    ...compare('alias', ({ aliases }) => aliases),
    ...compare('service', ({ services }) => services),
  ];
  return {
    before: before?.fingerprint ?? null,
    after: after.fingerprint,
    changes,
    recompute: after.views.flatMap((view) =>
      recomputationOf(
        before?.views.find(({ name }) => name === view.name),
        view,
      ),
    ),
    affected: [
      ...new Set(changes.filter(({ action }) => action !== 'added').flatMap((change) => change.affected)),
    ].sort(),
    destructive: changes.flatMap(({ destructive }) => destructive),
    schedules: scheduleChanges(before, after),
  };
}

/** Readable lines: what is added (+), changed (~) and removed (-), then what follows. */
export function explainPlan(plan: DefinitionPlan): string[] {
  if (plan.changes.length === 0) return ['No changes.'];
  const signs = { added: '+', changed: '~', removed: '-' } as const;
  const changes = plan.changes.flatMap((change) => {
    const { kind, name, action, fields, newVersion } = change;
    const remark = action === 'changed' ? (newVersion ? ' (new version)' : ' (same values)') : '';
    const cause = action === 'changed' && fields.length === 0 ? ['    because of what it reads'] : [];
    return [
      `${signs[action]} ${kind} ${name}${remark}`,
      ...fields.map((field) => `    ${describeFieldChange(field)}`),
      ...cause,
    ];
  });
  return [
    ...changes,
    ...section(
      'Recompute',
      plan.recompute.map(({ view, stores }) => `view ${view} (${stores.join(', ') || 'on request'})`),
    ),
    ...section('Affected', plan.affected),
    ...section('Schedules', plan.schedules.map(describeScheduleChange)),
    ...section('Destructive', plan.destructive),
  ];
}

function compareDefinitions<Item extends Definition>(
  kind: DefinitionChange['kind'],
  before: readonly Item[],
  after: readonly Item[],
  manifests: readonly Manifest[],
  findLosses: (before: Item, after: Item) => readonly string[],
): readonly DefinitionChange[] {
  const names = [...new Set([...before, ...after].map(({ name }) => name))].sort();
  return names.flatMap((name): readonly DefinitionChange[] => {
    const [left, right] = [before, after].map((items) => items.find((item) => item.name === name));
    const affected = findDependants(`${kind} ${name}`, manifests);
    const change = { kind, name, affected, fields: [], newVersion: false, destructive: [] };
    if (left === undefined) return [{ ...change, action: 'added', newVersion: true }];
    if (right === undefined) return [{ ...change, action: 'removed', destructive: [`${kind} ${name} is removed`] }];
    const fields = compareFields(left, right);
    const newVersion = isNewVersion(left, right, fields);
    if (fields.length === 0 && !newVersion) return [];
    const destructive = findLosses(left, right);
    return [{ ...change, action: 'changed', fields, newVersion, destructive, affected: newVersion ? affected : [] }];
  });
}

/** Entities and aliases have no fingerprint: all but their descriptions counts. */
function isNewVersion(before: Definition, after: Definition, fields: readonly FieldChange[]): boolean {
  if (before.fingerprint !== undefined) return before.fingerprint !== after.fingerprint;
  return fields.some(({ field }) => !['description', 'owner', 'tags'].includes(field));
}

function recomputationOf(before: ViewManifest | undefined, after: ViewManifest): readonly Recomputation[] {
  if (before === undefined || before.fingerprint === after.fingerprint || after.kind === 'derived') return [];
  const stores = [...(after.offline ? (['offline'] as const) : []), ...(after.online ? (['online'] as const) : [])];
  return [{ view: after.name, before: before.fingerprint, after: after.fingerprint, stores }];
}

function section(title: string, lines: readonly string[]): readonly string[] {
  return lines.length === 0 ? [] : [`${title}:`, ...lines.map((line) => `    ${line}`)];
}
