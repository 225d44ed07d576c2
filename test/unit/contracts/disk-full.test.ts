import { describe, expect, test } from 'vitest';
import { isDiskFull, knownError } from '../../../contracts/disk-full.ts';
import { AsofError } from '../../../contracts/errors.ts';
import { engineError } from '../../../engine/engine-error.ts';
import { writeFailure } from '../../../lake/file-errors.ts';

const noSpace = Object.assign(new Error('ENOSPC: no space left on device, mkdir'), { code: 'ENOSPC' });
const SPILL = `Out of Memory Error: failed to offload data block of size 32.0 KiB (2.6 MiB/2.6 MiB used).
This limit was set by the 'max_temp_directory_size' setting.
Possible solutions:
* Reducing the number of threads (SET threads=X)`;
const MEMORY = `Out of Memory Error: could not allocate block of size 256.0 KiB (18.3 MiB/18.3 MiB used)
Possible solutions:
* Increasing the memory limit (SET memory_limit='...GB')`;

describe('a disk without room', () => {
  test.each([
    ['by its code', noSpace],
    ['of a quota', Object.assign(new Error('write'), { code: 'EDQUOT' })],
    ['of a limit of file sizes', Object.assign(new Error('write'), { code: 'EFBIG' })],
    ['in the words of the engine', new Error('IO Error: Could not write file "/x": No space left on device')],
    ['that has no room to spill', new Error(SPILL)],
  ])('is known %s', (_, error) => {
    expect(isDiskFull(error)).toBe(true);
    expect(knownError(error).code).toBe('DISK_FULL');
    expect(writeFailure('a/b', error)).toMatchObject({ code: 'DISK_FULL', details: { where: 'a/b' } });
  });

  test('is not every failure', () => {
    expect(isDiskFull(new Error('permission denied'))).toBe(false);
    expect(knownError('x').code).toBe('INTERNAL');
    expect(writeFailure('a', new Error('EACCES')).code).toBe('LAKE_WRITE_FAILED');
    const own = new AsofError('USAGE', { problem: 'no' });
    expect([knownError(own), writeFailure('a', own), engineError(own, 'x', undefined)]).toEqual([own, own, own]);
  });
});

test('the engine’s advice on options that nobody can set stays away', () => {
  const full = engineError(new Error(SPILL), 'SELECT 1', undefined);
  expect(full.message).toBe(
    'SELECT 1: the disk is full: Out of Memory Error: failed to offload data block of size 32.0 KiB (2.6 MiB/2.6 MiB used); ' +
      'free space on the disk that the engine spills to, or raise ASOF_SPILL_LIMIT or ASOF_MEMORY_LIMIT, and run it again',
  );
  const memory = engineError(new Error(MEMORY), 'SELECT 1', undefined);
  expect(memory.code).toBe('ENGINE_OUT_OF_MEMORY');
  expect(memory.message).toMatch(/18.3 MiB used\)\); raise ASOF_MEMORY_LIMIT or use more shards$/);
});
