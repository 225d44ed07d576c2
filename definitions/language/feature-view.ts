import { alias, selection } from './references.ts';
import type { EntityDefinition, FeatureViewDefinition, Schema, SourceDefinition } from './definition.ts';
import type { ExpectationDefinition } from './expectation.ts';
import type { CheckedFeatures, FeatureDefinitions, RowOfFeatures } from './feature-types.ts';
import type { MetadataOptions } from './metadata.ts';
import type { ViewSchedule } from './schedule.ts';
import type { Duration, RowOfSchema } from './value-types.ts';

type StoredSource = SourceDefinition<'file' | 'database' | 'kafka' | 'push'>;
type ColumnsOf<Source extends StoredSource> = Source['options']['schema'];
/** Of the rows that a view makes: what it declares, and the source's columns under it. */
type MadeColumns<Source extends StoredSource, Made extends Schema> = Omit<ColumnsOf<Source>, keyof Made> & Made;

/** What a `map` gives for one row. */
type MadeRow = Readonly<Record<string, unknown>>;

type KeyOf<Entities extends readonly EntityDefinition[]> = {
  [Position in keyof Entities]: keyof Entities[Position]['options']['keys'] & string;
}[number];

export interface FeatureViewOptions<
  Entities extends readonly EntityDefinition[],
  Source extends StoredSource,
  Features extends FeatureDefinitions,
  Made extends Schema = Record<never, never>,
> extends MetadataOptions {
  /** Whose keys identify a row; each key is a column of the source. */
  readonly entities: Entities;
  readonly source: Source;
  /** All columns or all aggregates. */
  readonly features: Features & CheckedFeatures<MadeColumns<Source, Made>, Features>;
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
  /**
   * Makes rows of each row of the source before features are read: one, a list, or null for none. Plain synchronous code. It
   * gives the keys and the columns that features read; the time stays the row's own.
   */
  readonly map?: (row: RowOfSchema<ColumnsOf<Source>>) => MadeRow | readonly MadeRow[] | null;
  /** One SELECT over the source, a table of its own name, in place of its rows. It gives keys, time and what features read. */
  readonly sql?: string;
  /** Types of columns that `sql` or `map` adds or changes; others keep the type of the source's column of their name. */
  readonly schema?: Made;
  /** How old the online state may become: a target that `asof status` and the metrics compare it with. */
  readonly freshness?: Duration;
  /** When the view is materialized, or with a `window` backfilled, by itself: a cron expression, or an object. */
  readonly schedule?: ViewSchedule;
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
  const Made extends Schema = Record<never, never>,
>(
  name: Name,
  options: FeatureViewOptions<Entities, Source, Features, Made>,
): FeatureViewDefinition<Name, RowOfFeatures<MadeColumns<Source, Made>, Features>, KeyOf<Entities>> {
  const view: FeatureViewDefinition<Name, RowOfFeatures<MadeColumns<Source, Made>, Features>, KeyOf<Entities>> = {
    definition: 'featureView',
    name,
    options,
    as: (aliasName, keyColumns) => alias(aliasName, view, keyColumns),
    pick: (...features) => selection(view, features),
  };
  return view;
}
