/** Opens the lake that the settings name. */
import { LocalLake } from './local-lake.ts';
import type { Lake } from './lake.ts';
import type { Settings } from '../contracts/config.ts';

export type LakeSettings = Pick<Settings, 'lake' | 'project' | 's3' | 'lakeCache'>;

/**
 * The objects of one project: `<lake>/<project>/`. A missing directory is created. Throws `LAKE_WRITE_FAILED` when it
 * cannot be. A lake on S3 is asked nothing yet.
 */
export async function openLake(settings: LakeSettings): Promise<Lake> {
  if (settings.lake.startsWith('s3://')) {
    // loaded on use: the SDK is large, and most projects have their lake on a disk
    const { S3Lake } = await import('./s3-lake.ts');
    return S3Lake.open(settings);
  }
  return LocalLake.open(settings.lake, settings.project);
}
