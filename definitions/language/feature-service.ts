import type { NameOf, Referable, RowOf, ServiceDefinition } from './definition.ts';
import type { MetadataOptions } from './metadata.ts';
import type { ServiceSchedule } from './schedule.ts';

/** Where the vectors of a service go as the events of its streamed view come. */
export interface Publishing {
  /** A topic of the project's brokers, other than the one that the view reads. */
  readonly topic: string;
}

export interface FeatureServiceOptions<Features extends readonly Referable[]> extends MetadataOptions {
  /** Views, aliases and picks of them, in the order of the output. */
  readonly features: Features;
  /** When its online views are materialized by themselves, or a training dataset of it is built. */
  readonly schedule?: ServiceSchedule;
  /** Publishes the vector of an entity after each of its events; all features are of one streamed view with windows. */
  readonly publish?: Publishing;
}

type PrefixedRow<Reference extends Referable> = {
  readonly [
    Feature in keyof RowOf<Reference> & string as `${NameOf<Reference>}__${Feature}`
  ]: RowOf<Reference>[Feature];
};

type Intersection<Union> = (Union extends unknown ? (one: Union) => void : never) extends (all: infer All) => void
  ? All
  : never;

/** One flat row; `view__feature` like the output columns. */
export type ServiceRow<Features extends readonly Referable[]> =
  Intersection<{ [Position in keyof Features]: PrefixedRow<Features[Position]> }[number]> extends infer Row
    ? { readonly [Column in keyof Row]: Row[Column] }
    : never;

/** The features that one model reads, under one name. */
export function featureService<const Name extends string, const Features extends readonly Referable[]>(
  name: Name,
  options: FeatureServiceOptions<Features>,
): ServiceDefinition<Name, ServiceRow<Features>> {
  return { definition: 'service', name, options };
}
