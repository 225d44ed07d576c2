import { describe, expect, it } from 'vitest';
import type { StoredSourceManifest } from '../../../contracts/manifest.ts';
import { databaseSource, pushSource } from '../../../index.ts';
import { openSource } from '../../../sources/open-source.ts';
import { manifestOf } from '../definitions/project.ts';

const stored = { timestamp: 'at', schema: { at: 'timestamp' } } as const;
const sourceOf = (source: unknown) => manifestOf({ source }).sources[0] as StoredSourceManifest;

describe('openSource', () => {
  it('has nothing to open for pushed rows', () => {
    expect(() => openSource(sourceOf(pushSource('clicks', stored)))).toThrow(
      'source clicks has nothing to ingest: its rows come from programs, with putFeatures',
    );
  });

  it('has no files of a database', () => {
    const source = databaseSource('s', { ...stored, url: 'env:DB', table: 't' });
    expect(() => openSource(sourceOf(source))).toThrow(expect.objectContaining({ code: 'USAGE' }) as Error);
  });
});
