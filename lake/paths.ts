/** Where things stand in the lake. The layout is described in docs/architecture.md. */
import { randomUUID } from 'node:crypto';
import { formatInstant } from '../contracts/time.ts';
import type { Micros } from '../contracts/time.ts';

export const SOURCES = 'sources';
export const QUARANTINE = 'quarantine';
export const VIEWS = 'views';
export const DATASETS = 'datasets';
export const STAGING = 'staging';

/** A name that no other write has. */
export interface NewFile {
  readonly id: string;
  readonly path: string;
}

/** `firstEvent` is the least event time of the rows; it shows in the name and nothing reads it from there. */
export function newSourceFilePath(source: string, firstEvent: Micros): NewFile {
  return newFile(`${SOURCES}/${source}/${dayOf(firstEvent)}-`);
}

/** Hashes of the rows of a database that its source meets again. */
export function newSeenFilePath(source: string): NewFile {
  return newFile(`${SOURCES}/${source}/seen/`);
}

/** `from` is the start of the interval that the file belongs to. */
export function newViewFilePath(input: {
  readonly view: string;
  readonly fingerprint: string;
  readonly bucket: number;
  readonly from: Micros;
}): NewFile {
  const { view, fingerprint, bucket, from } = input;
  return newFile(`${VIEWS}/${view}/${fingerprint}/${bucket}/${formatInstant(from).replaceAll(/[-:.]/g, '')}-`);
}

/** Tiles of a view, beside the buckets of its rows. */
export function newTileFilePath(input: {
  readonly view: string;
  readonly fingerprint: string;
  readonly from: Micros;
}): NewFile {
  const { view, fingerprint, from } = input;
  return newFile(`${VIEWS}/${view}/${fingerprint}/tiles/${formatInstant(from).replaceAll(/[-:.]/g, '')}-`);
}

export function newQuarantineFilePath(source: string): NewFile {
  return newFile(`${QUARANTINE}/${source}/`);
}

/** `build` names one build of the dataset: its version, or what stands for it before it has one. */
export function datasetPath(name: string, build: string | number, file: string): string {
  return `${DATASETS}/${name}/${segment(String(build))}/${file}`;
}

/** Work of one run between its activities; `gc` removes it once the run has ended. */
export function stagingFilePath(runId: string, file: string): string {
  return `${STAGING}/${segment(runId)}/${file}`;
}

/** The run whose work stands at this path; undefined for paths outside staging. */
export function stagingRunId(path: string): string | undefined {
  const [top, run] = path.split('/');
  if (top !== STAGING || run === undefined) return undefined;
  try {
    return decodeURIComponent(run);
  } catch {
    return run;
  }
}

/** One part of a path from any text: workflow ids contain slashes. */
function segment(text: string): string {
  return encodeURIComponent(text);
}

function newFile(start: string): NewFile {
  const id = randomUUID();
  return { id, path: `${start}${id}.parquet` };
}

function dayOf(instant: Micros): string {
  return formatInstant(instant).split('T', 1)[0] ?? '';
}
