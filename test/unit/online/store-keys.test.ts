import { describe, expect, it } from 'vitest';
import { epochKey, projectPrefix, viewKeys } from '../../../online/store-keys.ts';

describe('names in Redis', () => {
  it('of one project share a slot of a cluster', () => {
    const { values, writtenBack, fence, marker, stream, outbox } = viewKeys('flights', 'latest', 'abcdef0123456789');
    const names = [epochKey('flights'), values, writtenBack, fence, marker, stream, outbox];
    const slotOf = (name: Buffer | string): string | undefined =>
      /\{(.+?)\}/.exec(Buffer.from(name).toString('latin1'))?.[1];
    expect(new Set(names.map(slotOf))).toEqual(new Set([expect.stringMatching(/^[\w-]{3}$/)]));
    expect(slotOf(epochKey('payments'))).not.toBe(slotOf(epochKey('flights')));
  });

  it('but for those of values are of the project by name', () => {
    const { fence, marker, stream, outbox } = viewKeys('flights', 'latest', 'abcdef0123456789');
    for (const name of [epochKey('flights'), fence, marker, stream, outbox]) {
      expect(name.startsWith(projectPrefix('flights'))).toBe(true);
      expect(name).toContain(':flights:');
    }
  });

  it('of values leave room for a key of four bytes in an allocation of 16, whatever their view is called', () => {
    const { values } = viewKeys('p'.repeat(63), 'v'.repeat(63), 'f'.repeat(64));
    expect(values).toHaveLength(10);
  });

  it('differ by project, view and version', () => {
    const names = [viewKeys('p', 'v', 'f'), viewKeys('q', 'v', 'f'), viewKeys('p', 'w', 'f'), viewKeys('p', 'v', 'g')];
    expect(new Set(names.flatMap((keys) => [keys.values.toString('hex'), keys.writtenBack.toString('hex')])).size).toBe(
      8,
    );
    expect(new Set(names.map(({ fence }) => fence)).size).toBe(4);
    expect(new Set(names.map(({ marker }) => marker)).size).toBe(4);
    expect(new Set(names.map(({ stream }) => stream)).size).toBe(4);
  });
});
