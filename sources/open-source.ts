/** The implementation for a source's kind. */
import { AsofError } from '../contracts/errors.ts';
import type { StoredSourceManifest } from '../contracts/manifest.ts';
import { FileSource } from './file-source.ts';
import type { Source } from './source.ts';

/** Throws `USAGE` for a source that has no files. */
export function openSource(source: StoredSourceManifest): Source {
  switch (source.kind) {
    case 'file':
      return new FileSource(source);
    case 'kafka':
      throw new AsofError('USAGE', { problem: `source ${source.name} has messages, and no files to list` });
    case 'database':
      throw new AsofError('USAGE', { problem: `source ${source.name} has rows of a database, and no files to list` });
    case 'push':
      throw new AsofError('USAGE', {
        problem: `source ${source.name} has nothing to ingest: its rows come from programs, with putFeatures`,
      });
  }
}

/** Directories that the engine must be opened with so that the source can be read; none for what is not ours to open. */
export async function sourceDirectories(source: StoredSourceManifest): Promise<readonly string[]> {
  return source.kind === 'file' && !source.path.startsWith('s3://') ? openSource(source).directories() : [];
}
