/** Opens the lake that the settings name. */
import { LocalLake } from './local-lake.ts';
import type { Lake } from './lake.ts';
import type { Settings } from '../contracts/config.ts';
import { AsofError } from '../contracts/errors.ts';

/**
 * The objects of one project: `<lake>/<project>/`. A missing directory is created. Throws `LAKE_WRITE_FAILED` when it
 * cannot be, and `NOT_AVAILABLE_YET` for `s3://`.
 */
export async function openLake(settings: Pick<Settings, 'lake' | 'project' | 'stateDirectory' | 's3'>): Promise<Lake> {
  if (settings.lake.startsWith('s3://')) {
    throw new AsofError('NOT_AVAILABLE_YET', { place: `lake ${settings.lake}`, what: 'a lake on S3' });
  }
  return LocalLake.open(settings.lake, settings.project);
}
