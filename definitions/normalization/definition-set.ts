/** The definitions of a project as found in its files, before they are understood. */
import type {
  AliasDefinition,
  DerivedViewDefinition,
  EntityDefinition,
  FeatureViewDefinition,
  SelectionDefinition,
  ServiceDefinition,
  SourceDefinition,
} from '../language/definition.ts';

export type Definition =
  | EntityDefinition
  | SourceDefinition
  | FeatureViewDefinition
  | DerivedViewDefinition
  | AliasDefinition
  | SelectionDefinition
  | ServiceDefinition;
export type DefinitionKind = Definition['definition'];
type DefinitionOf<Kind extends DefinitionKind> = Extract<Definition, { readonly definition: Kind }>;

/** The file that exports the definition, or whose definitions reach it first; relative to the project directory. */
export type Found<Kind extends DefinitionKind> = { readonly file: string; readonly definition: DefinitionOf<Kind> };

export type DefinitionSet = ReadonlyMap<Definition, string>;

const KINDS: readonly string[] = [
  'entity',
  'source',
  'featureView',
  'derivedView',
  'alias',
  'selection',
  'service',
] satisfies readonly DefinitionKind[];

export function isDefinition(value: unknown): value is Definition {
  return (
    typeof value === 'object' &&
    value !== null &&
    'definition' in value &&
    typeof value.definition === 'string' &&
    KINDS.includes(value.definition)
  );
}

/** The exported definitions of each file, lists of them included, and everything that they reach. */
export function collectDefinitions(
  files: readonly { readonly file: string; readonly exports: Readonly<Record<string, unknown>> }[],
): DefinitionSet {
  const found = new Map<Definition, string>();
  const exported = files.map(({ file, exports }) => ({
    file,
    definitions: Object.values(exports).flat().filter(isDefinition),
  }));
  // exports of every file come first, so that a definition belongs to the file that exports it
  for (const { file, definitions } of exported) {
    for (const definition of definitions) if (!found.has(definition)) found.set(definition, file);
  }
  const reach = (definition: Definition, file: string): void => {
    for (const next of reachedBy(definition)) {
      if (found.has(next)) continue;
      found.set(next, file);
      reach(next, file);
    }
  };
  for (const { file, definitions } of exported) for (const definition of definitions) reach(definition, file);
  return found;
}

/** The definitions of one kind by name, in code unit order. */
export function definitionsOf<const Kind extends DefinitionKind>(
  set: DefinitionSet,
  kind: Kind,
): readonly Found<Kind>[] {
  const nameOf = ({ definition }: Found<Kind>): string => ('name' in definition ? String(definition.name) : '');
  return [...set]
    .filter(([definition]) => definition.definition === kind)
    .map(([definition, file]) => ({ file, definition: definition as DefinitionOf<Kind> }))
    .sort((a, b) => (nameOf(a) < nameOf(b) ? -1 : nameOf(a) > nameOf(b) ? 1 : 0));
}

function reachedBy(definition: Definition): readonly Definition[] {
  const options: Readonly<Record<string, unknown>> =
    'options' in definition && typeof definition.options === 'object' && definition.options !== null
      ? { ...definition.options }
      : {};
  switch (definition.definition) {
    case 'entity':
    case 'source':
      return [];
    case 'featureView':
      return [options.entities, options.source].flat().filter(isDefinition);
    case 'derivedView':
      return [options.inputs].flat().filter(isDefinition);
    case 'service':
      return [options.features].flat().filter(isDefinition);
    case 'alias':
      return [definition.view as unknown].filter(isDefinition);
    case 'selection':
      return [definition.of as unknown].filter(isDefinition);
  }
}
