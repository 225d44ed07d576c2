/** The library, as `import … from 'asof'` finds it: the definition language and its types. */
export { AsofError, type ErrorCode } from './contracts/errors.ts';
export { Timestamp } from './contracts/timestamp.ts';
export type { AsofConfig } from './contracts/config.ts';
export type { DefinitionRuntime } from './contracts/plan.ts';
export type { ColumnType, FeatureStatus, FeatureType, FeatureValue, ScalarType } from './contracts/values.ts';

export {
  aggregate,
  approxCountDistinct,
  approxQuantile,
  boolean,
  bucketize,
  categorical,
  categoricalEncode,
  clip,
  collectDistinct,
  count,
  databaseSource,
  defineConfig,
  derivedView,
  embedding,
  entity,
  expectation,
  featureService,
  featureView,
  fileSource,
  first,
  hashEncode,
  kafkaSource,
  last,
  lastN,
  log1p,
  max,
  mean,
  min,
  mostFrequent,
  normalize,
  numeric,
  pushSource,
  requestSource,
  standardize,
  stddev,
  sum,
  text,
  timestamp,
  variance,
} from './definitions/language.ts';
export type {
  AliasDefinition,
  DerivedViewDefinition,
  EntityDefinition,
  FeatureViewDefinition,
  RowOf,
  SelectionDefinition,
  ServiceDefinition,
  SourceDefinition,
} from './definitions/language/definition.ts';
export type { ExpectationDefinition } from './definitions/language/expectation.ts';
export type { FeatureDefinition } from './definitions/language/feature-types.ts';
export type { TransformDefinition } from './definitions/language/transforms.ts';
export { openStore, type StoreConfig } from './library/open-store.ts';
export type {
  FeatureCell,
  FeatureVectors,
  FittedView,
  HistoricalFile,
  HistoricalRows,
  MaterializedView,
  PutResult,
  Registration,
  Store,
  Violation,
} from './library/store.ts';
export type { Duration } from './definitions/language/value-types.ts';
