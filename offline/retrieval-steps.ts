/** How a retrieval is carried out. Decided once, from the prepared spine and the catalog. */
import type { TableCatalog } from '../catalog/catalog.ts';
import type { EngineWish } from '../contracts/engines.ts';
import type { FeaturePlan } from '../contracts/plan.ts';
import { chooseEngines, type EngineChoices } from './engine-choice.ts';
import { chooseShards } from './shards.ts';
import type { PreparedSpine } from './spine.ts';
import { neededRange } from './unit.ts';

export interface RetrievalSteps {
  readonly shards: number;
  readonly engines: EngineChoices;
}

/** Throws what `chooseShards` and `chooseEngines` throw. */
export async function decideSteps(
  {
    tables,
    spark,
  }: { readonly tables: TableCatalog; readonly spark?: { readonly autoAboveBytes: number } | undefined },
  input: {
    readonly project: string;
    readonly plan: FeaturePlan;
    readonly snapshots: Readonly<Record<string, number>>;
    readonly prepared: Pick<PreparedSpine, 'rows' | 'firstAt' | 'lastAt'>;
    /** Of the engine that will compute. */
    readonly memoryBytes: number;
    /** What the request says itself. */
    readonly shards: number | undefined;
    readonly engine: EngineWish | undefined;
  },
): Promise<RetrievalSteps> {
  const { project, plan, snapshots, prepared, memoryBytes } = input;
  const spineRows = prepared.rows;
  return {
    shards: input.shards ?? (await chooseShards(tables, { project, plan, snapshots, spineRows, memoryBytes })),
    engines: await chooseEngines(tables, {
      ...{ project, plan, snapshots },
      engine: input.engine,
      rangeOf: (view) => neededRange(view, prepared),
      spark: spark ?? null,
    }),
  };
}
