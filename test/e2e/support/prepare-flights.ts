/** Prepares 100,000 flights of the first week of 2001 once for all end-to-end tests of a run. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { TestProject } from 'vitest/node';
import { prepareData } from '../../../examples/flights/prepare.ts';

export async function setup(project: TestProject): Promise<() => void> {
  const directory = mkdtempSync(path.join(tmpdir(), 'asof-e2e-flights-'));
  await prepareData(directory, {
    flights: 100_000,
    spineRows: 3000,
    warmUpDays: 2,
    routes: 100,
    lastInstant: '2001-01-07T08:40:00Z',
  });
  project.provide('flightsData', directory);
  return () => rmSync(directory, { recursive: true, force: true });
}

declare module 'vitest' {
  interface ProvidedContext {
    /** A directory to copy: `flights/flights.parquet`, `airports.csv`, `spine.parquet`, `last-instant-spine.csv`. */
    flightsData: string;
  }
}
