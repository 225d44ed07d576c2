/** The definition language: what a definitions file imports from `asof`. */
export { AsofError } from '../contracts/errors.ts';
export { Timestamp } from '../contracts/timestamp.ts';

export {
  approxCountDistinct,
  approxQuantile,
  collectDistinct,
  count,
  first,
  last,
  lastN,
  max,
  mean,
  min,
  mostFrequent,
  stddev,
  sum,
  variance,
} from './language/aggregate-features.ts';
export { boolean, categorical, embedding, numeric, text, timestamp } from './language/column-features.ts';
export { defineConfig } from './language/config.ts';
export { derivedView } from './language/derived-view.ts';
export { entity } from './language/entity.ts';
export { expectation } from './language/expectation.ts';
export { featureService } from './language/feature-service.ts';
export { featureView } from './language/feature-view.ts';
export { databaseSource, fileSource, kafkaSource, pushSource, requestSource } from './language/sources.ts';
export {
  aggregate,
  bucketize,
  categoricalEncode,
  clip,
  hashEncode,
  log1p,
  normalize,
  standardize,
} from './language/transforms.ts';
