import type { Settings } from '../../contracts/config.ts';
import { openSpark } from '../../engine/spark/thrift-spark.ts';
import type { SparkSetup } from './spark-views.ts';

/** The Spark that the settings name; undefined when they name none. Throws `USAGE` for an address that is none. */
export function openSparkSetup({ spark }: Pick<Settings, 'spark'>): SparkSetup | undefined {
  return spark.url === null ? undefined : { spark: openSpark(spark.url), autoAboveBytes: spark.autoAboveBytes };
}
