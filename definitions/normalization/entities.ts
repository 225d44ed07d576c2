import type { EntityManifest, KeyManifest } from '../../contracts/manifest.ts';
import { SCALAR_TYPES, type ScalarType } from '../../contracts/values.ts';
import { isName, NAME_RULE } from '../names.ts';
import type { Found } from './definition-set.ts';
import { OptionReader, show } from './option-reader.ts';
import type { Place } from './problems.ts';

/** The spine's own column: a key of that name could not be told from it. */
const SPINE_TIME = 'event_timestamp';

export function normalizeEntity({ definition }: Found<'entity'>, place: Place): EntityManifest {
  const options = new OptionReader(definition.options, place, ['keys']);
  const keys = Object.entries(options.record('keys')).flatMap(([name, type]) => normalizeKey(name, type, place));
  if (Object.keys(options.record('keys')).length === 0) {
    options.place.report('the entity has no keys', "declare them, such as keys: { origin: 'string' }");
  }
  return { name: definition.name, keys, ...options.metadata() };
}

function normalizeKey(name: string, type: unknown, entity: Place): readonly KeyManifest[] {
  const place = entity.in(`key ${name}`);
  if (!isName(name)) place.report(`${show(name)} is not a valid name`, NAME_RULE);
  if (name === SPINE_TIME) place.report('the name is taken by the time of a spine row', 'choose another name');
  if (!SCALAR_TYPES.includes(type as ScalarType)) {
    place.report(`${show(type)} is not a key type`, `choose one of ${SCALAR_TYPES.join(', ')}`);
    return [];
  }
  return [{ name, type: type as ScalarType }];
}
