import { describe, expect, it } from 'vitest';
import { epochKey, viewKeys } from '../../../online/store-keys.ts';

describe('names in Redis', () => {
  it('of one project share a slot of a cluster', () => {
    const { values, fence, marker, stream } = viewKeys('flights', 'latest', 'abcdef0123456789');
    for (const name of [epochKey('flights'), values.toString('latin1'), fence, marker, stream]) {
      expect(name.startsWith('asof:{flights}:')).toBe(true);
    }
  });

  it('of values are short and have no character that a pattern gives a meaning to', () => {
    const text = viewKeys('flights', 'a_view_with_a_very_long_name', 'f'.repeat(64)).values.toString('latin1');
    expect(text).toMatch(/^asof:\{flights\}:[A-Za-z0-9_-]{8}$/);
  });

  it('differ by project, view and version', () => {
    const names = [viewKeys('p', 'v', 'f'), viewKeys('q', 'v', 'f'), viewKeys('p', 'w', 'f'), viewKeys('p', 'v', 'g')];
    expect(new Set(names.map(({ values }) => values.toString('latin1'))).size).toBe(4);
    expect(new Set(names.map(({ fence }) => fence)).size).toBe(4);
    expect(new Set(names.map(({ marker }) => marker)).size).toBe(4);
    expect(new Set(names.map(({ stream }) => stream)).size).toBe(4);
  });
});
