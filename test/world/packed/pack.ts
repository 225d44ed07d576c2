/** A pack: thousands of small worlds as keys of one source, and what the oracle answers to each of their requests. */
import fc from 'fast-check';
import type { FeatureManifest } from '../../../contracts/manifest.ts';
import type { FeaturePlan } from '../../../contracts/plan.ts';
import { askOracle, type Answer } from '../oracle.ts';
import type { World, WorldRow } from '../world.ts';
import { drawWorlds, type PackedRequest, type PackedRow, type PackedWorld } from './arbitrary-pack.ts';
import type { PackKind } from './pack-definitions.ts';

export interface Pack {
  readonly kind: PackKind;
  readonly worlds: readonly PackedWorld[];
  /** Of all worlds, mixed. */
  readonly rows: readonly PackedRow[];
  /** Of all worlds, mixed, and some of keys that no row has. */
  readonly requests: readonly PackedRequest[];
}

/** The same pack for the same seed. */
export function drawPack(kind: PackKind, count: number, seed: number): Pack {
  return packWorlds(kind, drawWorlds(kind, count, seed), seed);
}

/** Puts the rows and the requests of the worlds into an order in which those of one world are far apart. */
export function packWorlds(kind: PackKind, worlds: readonly PackedWorld[], seed: number): Pack {
  const strangers = [
    ['nobody', 7n],
    ['a', null],
    [null, 1n],
    [null, null],
  ].map((keys) => ({ keys, at: kind.base }));
  return {
    kind,
    worlds,
    rows: shuffle(
      worlds.flatMap(({ rows }) => rows),
      seed,
    ),
    requests: shuffle([...worlds.flatMap(({ requests }) => requests), ...strangers], seed + 1),
  };
}

function shuffle<T>(items: readonly T[], seed: number): readonly T[] {
  const places = fc.sample(fc.double({ noNaN: true }), { seed, numRuns: Math.max(1, items.length) });
  return items
    .map((item, index) => ({ item, place: places[index]! }))
    .sort((a, b) => a.place - b.place)
    .map(({ item }) => item);
}

/** By request of the pack, by output column. */
export type PackAnswers = readonly ReadonlyMap<string, Answer>[];

/** What every column of the plan has to be. The oracle sees only the rows of the request's own world. */
export function answerPack(pack: Pack, plan: FeaturePlan): PackAnswers {
  const rowsOf = groupRows(pack);
  return pack.requests.map((request) => answerColumns(plan, request, rowsOf(request.keys), pack.kind.asKnown));
}

/** By output column of the plan, what the oracle answers to one request over these rows. */
export function answerColumns(
  plan: FeaturePlan,
  { keys, at }: PackedRequest,
  rows: readonly WorldRow[],
  asKnown: boolean,
): ReadonlyMap<string, Answer> {
  return new Map(
    plan.views.flatMap((planned) => {
      const world: World = { planned, asKnown: asKnown || planned.view.asKnown, rows, requests: [] };
      const answers = askOracle(world, { keys, at });
      return planned.features.map((feature) => [`${planned.as}__${feature.name}`, withDefault(answers, feature)]);
    }),
  );
}

/** A manifest holds int64 defaults as text. */
function withDefault(answers: Readonly<Record<string, Answer>>, feature: FeatureManifest): Answer {
  const answer = answers[feature.name]!;
  const replaced = answer.status === 'DEFAULT' || (feature.kind === 'aggregate' && answer.value === null);
  if (!replaced || feature.default === null) return answer;
  const value = feature.valueType === 'int64' ? BigInt(String(feature.default)) : (feature.default as Answer['value']);
  return { ...answer, value, status: 'DEFAULT' };
}

/** Rows get their sequence as ingestion does: by file, then by place in it. */
function groupRows({ rows, worlds }: Pack): (keys: PackedRequest['keys']) => readonly WorldRow[] {
  const numbered = [...rows]
    .sort((a, b) => a.file - b.file)
    .map((row, index): WorldRow => ({ ...row, sequence: BigInt(index) }));
  const worldOf = new Map(
    worlds.flatMap((world, index) => [...world.rows, ...world.requests].map(({ keys }) => [keyText(keys), index])),
  );
  const byWorld = new Map<number | undefined, WorldRow[]>();
  for (const row of numbered) {
    const index = worldOf.get(keyText(row.keys));
    const group = byWorld.get(index);
    if (group) group.push(row);
    else byWorld.set(index, [row]);
  }
  return (keys) => byWorld.get(worldOf.get(keyText(keys)) ?? -1) ?? [];
}

function keyText(keys: PackedRequest['keys']): string {
  return JSON.stringify(keys.map(String));
}
