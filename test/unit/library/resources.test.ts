import { describe, expect, it } from 'vitest';
import { Resources } from '../../../library/resources.ts';

describe('Resources', () => {
  it('gives back in the opposite order, once', async () => {
    const log: string[] = [];
    const resources = new Resources();
    resources.add(async () => log.push('first'));
    resources.add(async () => log.push('second'));
    await resources.release();
    await resources.release();
    expect(log).toEqual(['second', 'first']);
  });

  it('gives everything back though one fails, and says so', async () => {
    const log: string[] = [];
    const resources = new Resources();
    resources.add(async () => log.push('first'));
    resources.add(() => Promise.reject(new Error('stuck')));
    await expect(resources.release()).rejects.toThrow('stuck');
    expect(log).toEqual(['first']);
  });
});
