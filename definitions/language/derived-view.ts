import { selection } from './references.ts';
import type { Timestamp } from '../../contracts/timestamp.ts';
import type { FeatureType } from '../../contracts/values.ts';
import type { ColumnFeatureDefinition } from './column-features.ts';
import type { DerivedViewDefinition, NameOf, Referable, RowOf, SourceDefinition } from './definition.ts';
import type { DerivedValues } from './feature-types.ts';
import type { MetadataOptions } from './metadata.ts';

/** A request source, or anything with features. */
export type DerivedInput = SourceDefinition<'request'> | Referable;

/** A derived feature is computed, so it has neither a column nor a transform. */
type DerivedFeatures = Readonly<Record<string, ColumnFeatureDefinition<FeatureType, undefined, undefined>>>;

/** Each input under its name; a missing, null or expired value is null. */
export type InputRows<Inputs extends readonly DerivedInput[]> = {
  readonly [Input in Inputs[number] as NameOf<Input>]: {
    readonly [Feature in keyof RowOf<Input>]: RowOf<Input>[Feature] | null;
  };
};

/** What may be returned where a value of the feature type is expected. */
interface Returnable {
  numeric: number | bigint;
  categorical: string;
  text: string;
  embedding: readonly number[];
  boolean: boolean;
  timestamp: Timestamp | Date;
}

type ComputeResult<Features extends DerivedFeatures> = {
  readonly [Feature in keyof Features]: Returnable[Features[Feature]['type']] | null;
};

type DerivedRow<Features extends DerivedFeatures> = {
  readonly [Feature in keyof Features]: DerivedValues[Features[Feature]['type']] | null;
};

export interface DerivedViewOptions<
  Inputs extends readonly DerivedInput[],
  Features extends DerivedFeatures,
> extends MetadataOptions {
  readonly inputs: Inputs;
  readonly features: Features;
  /** Plain synchronous code, the same offline and online. `at` is the time of the request. */
  readonly compute: (inputs: InputRows<Inputs>, context: { readonly at: Timestamp }) => ComputeResult<Features>;
}

/** Features that are computed from other features and from the request. */
export function derivedView<
  const Name extends string,
  const Inputs extends readonly DerivedInput[],
  const Features extends DerivedFeatures,
>(name: Name, options: DerivedViewOptions<Inputs, Features>): DerivedViewDefinition<Name, DerivedRow<Features>> {
  const view: DerivedViewDefinition<Name, DerivedRow<Features>> = {
    definition: 'derivedView',
    name,
    options,
    pick: (...features) => selection(view, features),
  };
  return view;
}
