/** The writer of online documents against the plain way: the document, then `toJsonText`. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { toJsonText } from '../../../contracts/json-text.ts';
import { Timestamp } from '../../../contracts/timestamp.ts';
import { STATUSES, type FeatureValue, type ScalarValue } from '../../../contracts/values.ts';
import { formatFeatureDocument } from '../../../online/feature-document.ts';
import { writeFeatureDocument } from '../../../online/feature-document-text.ts';
import { AnsweredColumn, answerOf, placesOf } from '../../../online/entity-answer.ts';
import { presentCell, type OnlineCell } from '../../../online/online-cell.ts';
import type { OnlineVectors } from '../../../online/online-reads.ts';
import { aggregateFeature } from '../../world/world.ts';

const instant = fc.bigInt(-62_167_219_200_000_000n, 253_402_300_799_999_999n);
const scalar: fc.Arbitrary<ScalarValue> = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n),
  fc.constantFrom(2n ** 53n - 1n, 2n ** 53n, -(2n ** 53n), 0n),
  fc.double(),
  fc.constantFrom(0, -0, 1e21, 1e-7, Number.NaN, Infinity, -Infinity),
  fc.boolean(),
  instant.map((micros) => new Timestamp(micros)),
);
const value: fc.Arbitrary<FeatureValue> = fc.oneof(
  fc.constant(null),
  scalar,
  fc.array(fc.option(scalar), { maxLength: 4 }),
);

/** Of an entity a few instants, which come again and again. */
const cell: fc.Arbitrary<OnlineCell> = fc.record({
  value,
  // mostly one for a whole column
  status: fc.oneof({ arbitrary: fc.constant('PRESENT' as const), weight: 8 }, fc.constantFrom(...STATUSES)),
  eventTimestamp: fc.option(fc.oneof(fc.constantFrom(0n, 1n, -1n), instant)),
  servedFrom: fc.oneof(
    { arbitrary: fc.constant('online' as const), weight: 8 },
    fc.constantFrom('cache', 'lake', 'default'),
  ),
});
const keyCell = value.map((key) => presentCell(key, null, 'online'));
const name = fc.string({ unit: 'binary', maxLength: 8 });
const position = fc.option(fc.record({ snapshot: fc.nat(), to: instant }));

/** A view of some features, and which of them are asked for. */
function view(entities: number): fc.Arbitrary<readonly AnsweredColumn[]> {
  const feature = aggregateFeature('count', { function: 'count', column: null, window: { kind: 'all' }, where: [] });
  return fc.nat({ max: 3 }).chain((features) => {
    const row = fc.array(cell, { minLength: features, maxLength: features }).map(answerOf);
    const answers = fc.array(row, { minLength: entities, maxLength: entities });
    const columns = Array.from({ length: features }, (_, place) => ({ ...feature, name: `f${place}` }));
    return fc.record({ answers, name }).map(({ answers, name }) => {
      const places = placesOf(columns);
      return columns.map((column) => new AnsweredColumn({ name, as: name, feature: column }, { answers, places }));
    });
  });
}

const vectors: fc.Arbitrary<OnlineVectors> = fc.nat({ max: 4 }).chain((entities) => {
  const cells = fc.array(keyCell, { minLength: entities, maxLength: entities });
  const key = fc.record({ column: name, type: fc.constant('string' as const), entity: name, key: name });
  return fc.record({
    at: instant,
    names: fc.array(name, { maxLength: 4 }),
    keys: fc.array(fc.record({ key, cells }), { maxLength: 2 }),
    features: fc.array(view(entities), { maxLength: 3 }).map((views) => views.flat()),
    versions: fc.dictionary(name, name, { maxKeys: 2 }),
    positions: fc.dictionary(name, position, { maxKeys: 2 }),
  });
});

it('the text of a document is that of the plain way', () => {
  fc.assert(
    fc.property(vectors, (read) => {
      expect(writeFeatureDocument(read)).toBe(toJsonText(formatFeatureDocument(read)));
    }),
    { numRuns: 1000 },
  );
});
