import { describe, expect, it } from 'vitest';
import type { StoredSourceManifest } from '../../../contracts/manifest.ts';
import { databaseSource, kafkaSource, pushSource } from '../../../index.ts';
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

  it.each([databaseSource('s', { ...stored, url: 'env:DB', table: 't' }), kafkaSource('s', { ...stored, topic: 't' })])(
    'says what it cannot ingest yet: $kind',
    (source) => {
      expect(() => openSource(sourceOf(source))).toThrow(
        expect.objectContaining({ code: 'NOT_AVAILABLE_YET' }) as Error,
      );
    },
  );
});
