/** Parquet, CSV and JSON Lines files on a local path or glob. */
import { realpath, stat } from 'node:fs/promises';
import { resolve, sep } from 'node:path';
import { AsofError } from '../contracts/errors.ts';
import type { FileSourceManifest } from '../contracts/manifest.ts';
import type { Session } from '../engine/engine.ts';
import { checksumFile } from './checksum.ts';
import { countCsv, csvRelation } from './csv-relation.ts';
import { baseDirectory, expandGlob } from './glob.ts';
import { countJsonl, jsonlRelation, type JsonRows } from './jsonl-relation.ts';
import { countParquet, parquetRelation } from './parquet-relation.ts';
import type { RawRelation } from './raw-relation.ts';
import { planReading } from './reading.ts';
import type { InputFile, Reading, Source } from './source.ts';
import { namingInput } from './unreadable.ts';

export class FileSource implements Source {
  readonly #source: FileSourceManifest;
  readonly #pattern: string;

  constructor(source: FileSourceManifest) {
    if (source.path.startsWith('s3://')) {
      throw new AsofError('NOT_AVAILABLE_YET', { place: `source ${source.name}`, what: 'reading from S3' });
    }
    this.#source = source;
    this.#pattern = resolve(source.path);
  }

  async directories(): Promise<readonly string[]> {
    return [await realOrSame(await baseDirectory(this.#pattern))];
  }

  async list(signal?: AbortSignal): Promise<readonly InputFile[]> {
    const paths = await expandGlob(this.#pattern);
    if (paths.length === 0) {
      throw new AsofError('INPUT_NOT_FOUND', { where: this.#source.name, path: this.#pattern });
    }
    const inputs: InputFile[] = [];
    for (const path of paths) inputs.push(await this.#describe(path, signal));
    return inputs;
  }

  async count(session: Session, input: InputFile): Promise<number> {
    const file = await this.#realPath(input.path);
    return this.#naming(input.path, () => {
      switch (this.#source.format) {
        case 'parquet':
          return countParquet(session, file);
        case 'csv':
          return countCsv(session, file);
        case 'jsonl':
          return countJsonl(session, file);
      }
    });
  }

  async read(session: Session, input: InputFile): Promise<Reading> {
    const file = await this.#realPath(input.path);
    const raw = await this.#naming(input.path, () => this.#relation(session, file, input.path));
    return planReading(this.#source, input.path, raw);
  }

  async requireUnchanged(input: InputFile): Promise<void> {
    const { size, mtimeNs } = await this.#stat(input.path);
    if (Number(size) === input.bytes && mtimeNs.toString() === input.modifiedNanos) return;
    throw this.#unreadable(input.path, 'it changed while it was being ingested; ingest again once it is complete');
  }

  #relation(session: Session, file: string, path: string): Promise<RawRelation> {
    switch (this.#source.format) {
      case 'parquet':
        return parquetRelation(session, file);
      case 'csv':
        return csvRelation(file);
      case 'jsonl':
        return jsonlRelation(session, this.#jsonRows(path), file);
    }
  }

  #jsonRows(path: string): JsonRows {
    return { where: this.#source.name, path, expected: this.#source.columns.map(({ from }) => from) };
  }

  async #describe(path: string, signal: AbortSignal | undefined): Promise<InputFile> {
    const file = await this.#realPath(path);
    const { size, mtimeNs } = await this.#stat(path);
    if (size === 0n) throw this.#unreadable(path, 'it is empty (0 bytes)');
    const checksum = await this.#naming(path, () => checksumFile(file, signal));
    const input = { path, checksum, bytes: Number(size), modifiedNanos: mtimeNs.toString() };
    await this.requireUnchanged(input);
    return input;
  }

  /** Where a path leads, which is what the engine opens. A link may not lead out of the source's own directory. */
  async #realPath(path: string): Promise<string> {
    const real = await this.#naming(path, () => realpath(path));
    const [base] = await this.directories();
    if (base !== undefined && (base === sep || real.startsWith(base + sep))) return real;
    throw this.#unreadable(path, `it is a link that leads out of ${base ?? this.#pattern}`);
  }

  #stat(path: string) {
    return this.#naming(path, () => stat(path, { bigint: true }));
  }

  #naming<T>(path: string, work: () => Promise<T>): Promise<T> {
    return namingInput(this.#source.name, path, work);
  }

  #unreadable(path: string, problem: string): AsofError {
    return new AsofError('INPUT_UNREADABLE', { where: this.#source.name, path, problem });
  }
}

async function realOrSame(path: string): Promise<string> {
  try {
    return await realpath(path);
  } catch {
    return path; // not there: listing reports it as nothing found
  }
}
