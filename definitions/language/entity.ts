import type { EntityDefinition, Keys } from './definition.ts';
import type { MetadataOptions } from './metadata.ts';

export interface EntityOptions<EntityKeys extends Keys> extends MetadataOptions {
  /** Join keys with their types; together, in this order, they identify one entity. */
  readonly keys: EntityKeys;
}

/** What features describe: an airport, a customer, a pair of user and item. */
export function entity<const Name extends string, const EntityKeys extends Keys>(
  name: Name,
  options: EntityOptions<EntityKeys>,
): EntityDefinition<Name, EntityKeys> {
  return { definition: 'entity', name, options };
}
