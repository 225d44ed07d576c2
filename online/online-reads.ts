/**
 * Online reads: every key of every view, the epoch and the views' markers come in one round trip. Ttl, windows,
 * defaults, transforms and derived views are applied at each read; what Redis holds is only stored state.
 */
import { clockNow, type Micros } from '../contracts/time.ts';
import type { DefinitionRuntime, FeaturePlan, PlannedKeyColumn, PlannedView } from '../contracts/plan.ts';
import { fromTypeScript } from '../offline/typescript-values.ts';
import type { ReadDeadline } from './read-deadline.ts';
import { computeDerived, type AnswersByView } from './derived-cells.ts';
import { AnsweredColumn } from './entity-answer.ts';
import type { EntityKey } from './entity-key.ts';
import type { LakeReader } from './lake-reader.ts';
import { onceForEach } from './once-for-each.ts';
import { presentCell, type OnlineCell } from './online-cell.ts';
import { comparePositions, type Position } from './position.ts';
import { checkRequest, type CheckedRequest, type RequestColumns } from './read-request.ts';
import type { OnlineReadDependencies } from './read-dependencies.ts';
import { fetchStates, type FetchedView } from './state-fetch.ts';
import { answerView } from './view-answers.ts';

export interface OnlineReadRequest {
  readonly plan: FeaturePlan;
  readonly runtime: DefinitionRuntime;
  /** Spine column to one key value per entity. */
  readonly entities: RequestColumns;
  /** Request column to one value per entity. */
  readonly request?: RequestColumns;
  /** Default: the clock. */
  readonly at?: Micros;
  /** Values that are not there by then are `UNAVAILABLE`. Default: what waits for the lake waits for ever. */
  readonly deadline?: ReadDeadline;
  /** How long Redis may take. Default: that of its client. */
  readonly storeMillis?: number;
  /** Features that the caller may not see, by view and feature name. */
  readonly isDenied?: (view: string, feature: string) => boolean;
}

export interface OnlineVectors {
  readonly at: Micros;
  /** Of keys, then features; one list for all reads of a plan, as the versions are one object. */
  readonly names: readonly string[];
  readonly keys: readonly { readonly key: PlannedKeyColumn; readonly cells: readonly OnlineCell[] }[];
  readonly features: readonly AnsweredColumn[];
  /** View to the fingerprint that was read, derived views included. */
  readonly versions: Readonly<Record<string, string>>;
  /** View to the position that its values are complete for; null when it was never materialized or is not available. */
  readonly positions: Readonly<Record<string, Position | null>>;
}

/**
 * Reads feature vectors. A Redis that does not answer in time makes values `UNAVAILABLE` and is no error; a request that
 * makes no sense is (`UNKNOWN_NAME`, `INVALID_VALUE`, `KEY_TYPE_MISMATCH`, `LIMIT_EXCEEDED`).
 */
export function readOnlineVectors(
  dependencies: OnlineReadDependencies,
  request: OnlineReadRequest,
): Promise<OnlineVectors> {
  const fetch = dependencies.cache?.fetch ?? fetchStates;
  return readVectors(dependencies, request, (views, keys) => fetch(dependencies, views, keys, request.storeMillis));
}

/** The same as if nothing had ever been materialized: the historical engine answers. Throws what it throws, too. */
export function readVectorsFromLake(lake: LakeReader | null, request: OnlineReadRequest): Promise<OnlineVectors> {
  return readVectors({ lake }, request, async (_, keysByView) =>
    keysByView.map((keys) => ({ available: true, position: undefined, states: keys.map(() => null) })),
  );
}

type FetchViews = (
  views: readonly PlannedView[],
  keysByView: readonly (readonly (EntityKey | null)[])[],
) => Promise<readonly FetchedView[]>;

async function readVectors(
  stores: Pick<OnlineReadDependencies, 'lake' | 'writeBack'>,
  request: OnlineReadRequest,
  fetch: FetchViews,
): Promise<OnlineVectors> {
  const { plan, runtime, deadline, isDenied } = request;
  const now = clockNow();
  const at = request.at ?? now;
  const checked = checkRequest(plan, request.entities, request.request ?? {});
  const keysByView = plan.views.map((view) => bindKeys(view, checked));
  const fetched = await fetch(plan.views, keysByView);
  const answered = await Promise.all(
    plan.views.map((view, index) =>
      answerView(stores, {
        view,
        keys: keysByView[index]!,
        fetched: fetched[index]!,
        at,
        now,
        isDenied: isDenied && ((feature) => isDenied(view.view.name, feature)),
        runtime,
        deadline,
      }),
    ),
  );
  const views: AnswersByView = new Map(plan.views.map(({ as }, index) => [as, answered[index]!]));
  computeDerived(plan, request, checked, at, views);
  return {
    at,
    names: namesOf(plan),
    keys: plan.keyColumns.map((key) => ({
      key,
      cells: checked.keys.get(key.column)!.map((value) => presentCell(value, null, 'online')),
    })),
    features: plan.columns.map((column) => new AnsweredColumn(column, views.get(column.as)!)),
    versions: versionsOf(plan),
    positions: positionsOf(
      plan.views,
      fetched.map(({ position }) => position),
    ),
  };
}

const namesOf = onceForEach(({ keyColumns, columns }: FeaturePlan): OnlineVectors['names'] => [
  ...keyColumns.map(({ column }) => column),
  ...columns.map(({ name }) => name),
]);

const versionsOf = onceForEach(({ views, derived }: FeaturePlan): OnlineVectors['versions'] =>
  Object.fromEntries([...views, ...derived].map(({ view }) => [view.name, view.fingerprint])),
);

/** The view's key of each entity; null where a part is null, which matches nothing. */
function bindKeys({ view, spineColumns }: PlannedView, checked: CheckedRequest): readonly (EntityKey | null)[] {
  const columns = spineColumns.map((column, index) =>
    checked.keys.get(column)!.map((value) => fromTypeScript(value, view.keys[index]!.type) ?? null),
  );
  return Array.from({ length: checked.entities }, (_, entity) => {
    const parts = columns.map((column) => column[entity]!);
    return parts.every((part) => part !== null) ? parts : null;
  });
}

function positionsOf(
  views: readonly PlannedView[],
  positions: readonly (Position | undefined)[],
): Readonly<Record<string, Position | null>> {
  const found: Record<string, Position | null> = {};
  views.forEach(({ view }, index) => {
    const position = positions[index] ?? null;
    const known = found[view.name];
    // a view read twice has one position: both readings came with the same answer
    if (!known || (position !== null && comparePositions(position, known) > 0)) found[view.name] = position;
  });
  return found;
}
