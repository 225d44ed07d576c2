/** The table of cases in one process; `test/e2e/cases.e2e.test.ts` asks it of the stack. */
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { resolveFeatures } from '../../../definitions/resolution.ts';
import { readCases, requestCases, type CaseRequests } from '../../cases/read-cases.ts';
import { findWrongValues } from '../../world/packed/mistakes.ts';
import { allPackDefinitions, PACK_SOURCES } from '../../world/packed/pack-definitions.ts';
import { writeSourceFiles, writeSpineFile } from '../../world/packed/pack-files.ts';
import { openFixture, readParquet, retrieve, type OfflineFixture } from './offline-fixture.ts';
import { ingestFiles } from './packed-run.ts';

const cases = readCases();
let fixture: OfflineFixture;

beforeAll(async () => {
  fixture = await openFixture(allPackDefinitions());
  for (const source of PACK_SOURCES) {
    const rows = cases.filter((one) => one.source === source).flatMap((one) => one.rows);
    await writeSourceFiles(fixture.engine, fixture.directory, source, rows);
    await ingestFiles(fixture, source);
  }
});
afterAll(() => fixture.close());

describe.each([{ asKnown: false }, { asKnown: true }])('as known: $asKnown', ({ asKnown }) => {
  it('every case gives the values written in the table', async () => {
    const { requests, titles, expected } = asked(asKnown);
    const spine = join(fixture.directory, `spine-${asKnown}.parquet`);
    await writeSpineFile(fixture.engine, requests, spine);
    const request = { features: viewNames() };
    const { path } = await retrieve(fixture, { spine, request, output: 'cases.parquet', options: { asKnown } });
    const mistakes = findWrongValues(await readParquet(fixture, path), expected);
    expect(mistakes.map((mistake) => ({ case: titles[mistake.request], ...mistake }))).toEqual([]);
    expect(requests.length).toBeGreaterThan(15);
  });
});

function viewNames(): readonly string[] {
  return fixture.manifest.views.map(({ name }) => name);
}

function asked(asKnown: boolean): CaseRequests {
  return requestCases(cases, resolveFeatures(fixture.manifest, { features: viewNames() }), asKnown);
}
