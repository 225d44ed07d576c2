import { alias, selection } from './references.ts';
import type { EntityDefinition, FeatureViewDefinition, SourceDefinition } from './definition.ts';
import type { ExpectationDefinition } from './expectation.ts';
import type { CheckedFeatures, FeatureDefinitions, RowOfFeatures } from './feature-types.ts';
import type { MetadataOptions } from './metadata.ts';
import type { Duration } from './value-types.ts';

type StoredSource = SourceDefinition<'file' | 'database' | 'kafka' | 'push'>;
type ColumnsOf<Source extends StoredSource> = Source['options']['schema'];

type KeyOf<Entities extends readonly EntityDefinition[]> = {
  [Position in keyof Entities]: keyof Entities[Position]['options']['keys'] & string;
}[number];

export interface FeatureViewOptions<
  Entities extends readonly EntityDefinition[],
  Source extends StoredSource,
  Features extends FeatureDefinitions,
> extends MetadataOptions {
  /** Whose keys identify a row; each key is a column of the source. */
  readonly entities: Entities;
  readonly source: Source;
  /** All columns or all aggregates. */
  readonly features: Features & CheckedFeatures<ColumnsOf<Source>, Features>;
  /** How old the row behind a column feature may be. @default no limit */
  readonly ttl?: Duration;
  /** How long after its event a row is published. @default none */
  readonly delay?: Duration;
  /** Only rows that were known at the request's time count, by the source's `created`. @default false */
  readonly asKnown?: boolean;
  /** @default false */
  readonly online?: boolean;
  /** @default true */
  readonly offline?: boolean;
  /** Changes each row before features are read from it; plain synchronous code. */
  readonly map?: (row: Readonly<Record<string, unknown>>) => Readonly<Record<string, unknown>>;
  /** One SELECT over the source, in place of its rows. */
  readonly sql?: string;
  /** How old the online state may become. */
  readonly freshness?: Duration;
  /** Cron expression of automatic materialization. */
  readonly schedule?: string;
  /** How stale a cached online answer may be. */
  readonly cache?: Duration;
  readonly expectations?: readonly ExpectationDefinition[];
  /** @default 'auto' */
  readonly engine?: 'auto' | 'duckdb' | 'spark';
}

/** Features of one entity (or tuple of entities) from one source. */
export function featureView<
  const Name extends string,
  const Entities extends readonly EntityDefinition[],
  Source extends StoredSource,
  const Features extends FeatureDefinitions,
>(
  name: Name,
  options: FeatureViewOptions<Entities, Source, Features>,
): FeatureViewDefinition<Name, RowOfFeatures<ColumnsOf<Source>, Features>, KeyOf<Entities>> {
  const view: FeatureViewDefinition<Name, RowOfFeatures<ColumnsOf<Source>, Features>, KeyOf<Entities>> = {
    definition: 'featureView',
    name,
    options,
    as: (aliasName, keyColumns) => alias(aliasName, view, keyColumns),
    pick: (...features) => selection(view, features),
  };
  return view;
}
