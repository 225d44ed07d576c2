/** What is recorded of an object beside its name, and what to say of one that is no longer that. */
import { AsofError } from '../contracts/errors.ts';
import type { FileReference } from '../contracts/lake.ts';
import { DATASETS, QUARANTINE, SOURCES, STAGING, VIEWS } from './paths.ts';

/** An object as the catalog, or the record of a step, knows it. */
export interface RecordedFile {
  /** Relative to the lake's root. */
  readonly path: string;
  readonly bytes: number;
  /** Hex SHA-256 of the whole object. */
  readonly checksum: string;
}

/** A reference whose address is a path of this lake. */
export function recorded({ uri, bytes, checksum }: FileReference): RecordedFile {
  return { path: uri, bytes, checksum };
}

/** `LAKE_FILE_CORRUPT` that names the object, what it belongs to, what is wrong, and what to do. */
export function corruptFile(path: string, problem: string, cause?: unknown): AsofError {
  const { owner, mend } = belonging(path);
  return new AsofError('LAKE_FILE_CORRUPT', { path, problem: `${owner}: ${problem}; ${mend}` }, cause);
}

const FROM_BACKUP = 'put the file back from a backup of the lake';

function belonging(path: string): { readonly owner: string; readonly mend: string } {
  const [top, name = '', third = ''] = path.split('/');
  switch (top) {
    case SOURCES:
      return { owner: `a file of source ${name}`, mend: FROM_BACKUP };
    case QUARANTINE:
      return { owner: `a file of the quarantine of source ${name}`, mend: FROM_BACKUP };
    case VIEWS:
      return {
        owner: `a file of the table of view ${name}@${third.slice(0, 8)}`,
        mend: `${FROM_BACKUP}, or write its days again with \`asof backfill ${name} --from T --to T --restate\``,
      };
    case DATASETS:
      return {
        owner: `a file of dataset ${name}`,
        mend: `${FROM_BACKUP}, or build the version again with \`asof dataset rebuild ${name}@VERSION\``,
      };
    case STAGING:
      return { owner: 'work of a run between its steps', mend: 'start the run again' };
    default:
      return { owner: 'an object of the lake', mend: FROM_BACKUP };
  }
}
