/** A small project to vary: definitions as the language gives them, and their manifest without files or a bundler. */
import { expect } from 'vitest';
import { AsofError } from '../../../contracts/errors.ts';
import type { FeatureManifest, FeatureViewManifest, Manifest } from '../../../contracts/manifest.ts';
import { sha256 } from '../../../definitions/fingerprint.ts';
import { collectDefinitions } from '../../../definitions/normalization/definition-set.ts';
import { normalizeDefinitions } from '../../../definitions/normalization/manifest.ts';
import { entity, featureView, fileSource, requestSource } from '../../../index.ts';

export const airport = entity('airport', { keys: { origin: 'string' } });

export const flightSchema = {
  date: 'timestamp',
  loaded: 'timestamp',
  delay: 'int64',
  distance: 'float64',
  origin: 'string',
  destination: 'string',
  cancelled: 'boolean',
  legs: 'int64[]',
  vector: 'float32[4]',
} as const;

export const flights = fileSource('flights', {
  path: 'data/*.parquet',
  timestamp: 'date',
  created: 'loaded',
  schema: flightSchema,
});

export const request = requestSource('request', { schema: { requested_at: 'timestamp', budget: 'int64' } });

/** The manifest of definitions that one file `features.ts` exports. */
export function manifestOf(exports: Readonly<Record<string, unknown>>, projectDirectory = '/project'): Manifest {
  return normalizeDefinitions(collectDefinitions([{ file: 'features.ts', exports }]), {
    project: 'test',
    projectDirectory,
    functionHash: (code) => sha256(code.toString()),
  });
}

/** What loading the definitions reports: every problem as `place: problem; mend`, the first one first. */
export function problemsOf(exports: Readonly<Record<string, unknown>>): readonly string[] {
  try {
    manifestOf(exports);
    return [];
  } catch (error) {
    if (!(error instanceof AsofError) || error.code !== 'DEFINITIONS_INVALID') throw error;
    const more = (error.details.more ?? []) as readonly string[];
    return [error.message, ...more].map((text) => text.replace(/^features\.ts: /, ''));
  }
}

/** Title, a definition or the exports of a file, and the only problem that it must give. */
export type Mistake = readonly [string, unknown, string | RegExp];

export function expectOneProblem(definition: unknown, expected: string | RegExp): void {
  const exports = isExports(definition) ? definition : { definition };
  expect(problemsOf(exports)).toEqual([typeof expected === 'string' ? expected : expect.stringMatching(expected)]);
}

function isExports(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !('definition' in value);
}

/** A view over `flights`, for features and options that the compiler would refuse too. */
export function viewWith(features: unknown, options: object = {}): unknown {
  return featureView('view', { entities: [airport], source: flights, features: features as never, ...options });
}

/** The manifest of one feature of a view over `flights`. */
export function featureOf(feature: unknown): FeatureManifest {
  const view = manifestOf({ view: viewWith({ feature }) }).views[0] as FeatureViewManifest;
  return view.features[0]!;
}
