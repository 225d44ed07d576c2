/** A folder of one computation in the lake's staging area, which Spark and DuckDB both reach. */
import { randomUUID } from 'node:crypto';
import { AsofError } from '../../contracts/errors.ts';
import { literalTextList } from '../../engine/sql.ts';
import type { Lake } from '../../lake/lake.ts';
import { stagingFilePath } from '../../lake/paths.ts';
import { sparkLocation } from './lake-location.ts';

export class StagedWork {
  readonly #lake: Lake;
  readonly #id = `spark-${randomUUID()}`;

  constructor(lake: Lake) {
    this.#lake = lake;
  }

  stage(name: string): Promise<string> {
    return this.#lake.stagingPath(this.#path(name));
  }

  async publish(name: string): Promise<void> {
    await this.#lake.publish(this.#path(name));
  }

  location(name: string): string {
    return sparkLocation(this.#lake, this.#path(name));
  }

  /** A FROM item of what Spark wrote under this name. Throws `SPARK_FAILED` when it is not there. */
  async relation(name: string, address: string): Promise<string> {
    const paths: string[] = [];
    for await (const { path } of this.#lake.list(`${this.#path(name)}/`)) {
      if (/\/part-[^/]*\.parquet$/.test(path)) paths.push(await this.#lake.localPath(path));
    }
    if (paths.length > 0) return `read_parquet(${literalTextList(paths)})`;
    const problem = `it left no result at ${this.location(name)}; let it write to the same lake as the workers`;
    throw new AsofError('SPARK_FAILED', { address, problem });
  }

  async remove(): Promise<void> {
    const paths: string[] = [];
    for await (const { path } of this.#lake.list(`${this.#path('x').slice(0, -1)}`)) paths.push(path);
    for (const path of paths) await this.#lake.remove(path);
  }

  #path(name: string): string {
    return stagingFilePath(this.#id, name);
  }
}
