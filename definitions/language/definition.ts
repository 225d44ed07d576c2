/**
 * What the builders return: plain data with the arguments as they were given. Nothing is checked here, so that a mistake
 * can be reported with its file, place and mend when the definitions are loaded.
 */
import type { ColumnType, ScalarType } from '../../contracts/values.ts';

/** Exists for the compiler only: carries the name under which a definition is read and the type of its row. */
declare const TYPES: unique symbol;

export interface Typed<Name extends string = string, Row = unknown> {
  readonly [TYPES]?: { readonly name: Name; readonly row: Row };
}

export type Schema = Readonly<Record<string, ColumnType>>;
export type Keys = Readonly<Record<string, ScalarType>>;

export interface EntityDefinition<Name extends string = string, EntityKeys extends Keys = Keys> {
  readonly definition: 'entity';
  readonly name: Name;
  readonly options: { readonly keys: EntityKeys };
}

export type SourceKind = 'file' | 'database' | 'kafka' | 'push' | 'request';

export interface SourceDefinition<
  Kind extends SourceKind = SourceKind,
  Name extends string = string,
  Columns extends Schema = Schema,
  Row = unknown,
> extends Typed<Name, Row> {
  readonly definition: 'source';
  readonly kind: Kind;
  readonly name: Name;
  readonly options: { readonly schema: Columns };
}

export interface FeatureViewDefinition<
  Name extends string = string,
  Row = unknown,
  Key extends string = string,
> extends Typed<Name, Row> {
  readonly definition: 'featureView';
  readonly name: Name;
  readonly options: object;
  /** Reads the view a second time in one request, under another prefix and with keys from other spine columns. */
  as<const Alias extends string>(
    alias: Alias,
    keyColumns: { readonly [K in Key]?: string },
  ): AliasDefinition<Alias, Row>;
  /** Some features of the view. */
  pick<const Feature extends keyof Row & string>(
    ...features: readonly Feature[]
  ): SelectionDefinition<Name, Pick<Row, Feature>>;
}

export interface DerivedViewDefinition<Name extends string = string, Row = unknown> extends Typed<Name, Row> {
  readonly definition: 'derivedView';
  readonly name: Name;
  readonly options: object;
  pick<const Feature extends keyof Row & string>(
    ...features: readonly Feature[]
  ): SelectionDefinition<Name, Pick<Row, Feature>>;
}

export interface AliasDefinition<Name extends string = string, Row = unknown> extends Typed<Name, Row> {
  readonly definition: 'alias';
  readonly name: Name;
  readonly view: ReferenceTarget;
  readonly keyColumns: Readonly<Record<string, string>>;
  pick<const Feature extends keyof Row & string>(
    ...features: readonly Feature[]
  ): SelectionDefinition<Name, Pick<Row, Feature>>;
}

export interface SelectionDefinition<Name extends string = string, Row = unknown> extends Typed<Name, Row> {
  readonly definition: 'selection';
  readonly of: ReferenceTarget;
  readonly features: readonly string[];
}

/** A view or alias as far as references to it care. */
export interface ReferenceTarget {
  readonly definition: 'featureView' | 'derivedView' | 'alias';
  readonly name: string;
}

/** What a service lists and a derived view reads: anything with features. */
export interface Referable<Name extends string = string, Row = unknown> extends Typed<Name, Row> {
  readonly definition: 'featureView' | 'derivedView' | 'alias' | 'selection';
}

export interface ServiceDefinition<Name extends string = string, Row = unknown> extends Typed<Name, Row> {
  readonly definition: 'service';
  readonly name: Name;
  readonly options: object;
}

/** The row of a view, by feature, or of a service, by `view__feature`: `RowOf<typeof ranking>`. */
export type RowOf<Definition extends Typed> = NonNullable<Definition[typeof TYPES]>['row'];

/** The name under which a definition is read: the view's, the alias's or the source's. */
export type NameOf<Definition extends Typed> = NonNullable<Definition[typeof TYPES]>['name'];
