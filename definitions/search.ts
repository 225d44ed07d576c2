/** Finding definitions by words, tags, owners and entities. */
import type { Manifest, Metadata } from '../contracts/manifest.ts';

export type FoundKind = 'entity' | 'source' | 'view' | 'feature' | 'service';

export interface FoundDefinition {
  readonly kind: FoundKind;
  /** `view:feature` of a feature. */
  readonly name: string;
  readonly description: string | null;
  readonly owner: string | null;
  readonly tags: readonly string[];
  /** Of a view or feature, the entities whose keys it is read by. */
  readonly entities: readonly string[];
}

export interface SearchRequest {
  /** Every word must be found in a name, tag, description, owner or column; none finds all. */
  readonly text?: string | undefined;
  /** A feature has the tags, the owner and the entities of its view too. */
  readonly tag?: string | undefined;
  readonly entity?: string | undefined;
  readonly owner?: string | undefined;
}

interface Candidate extends FoundDefinition {
  /** Names of columns and keys. */
  readonly columns: readonly string[];
}

/** What a word is worth by where it is found; 0 where it is not. */
const WORTH = { name: 16, namePart: 8, nameText: 4, tag: 6, owner: 3, description: 2, column: 1 } as const;
const KINDS: readonly FoundKind[] = ['view', 'feature', 'source', 'entity', 'service'];

/** The best first: names before tags before descriptions, then by kind and name. */
export function searchDefinitions(manifest: Manifest, request: SearchRequest): readonly FoundDefinition[] {
  const words = wordsOf(request.text ?? '');
  return candidatesOf(manifest)
    .filter((candidate) => passesFilters(candidate, request))
    .map((candidate) => ({ candidate, worth: words.map((word) => worthOf(candidate, word)) }))
    .filter(({ worth }) => worth.every((one) => one > 0))
    .map(({ candidate, worth }) => ({ candidate, worth: worth.reduce((sum, one) => sum + one, 0) }))
    .sort((a, b) => b.worth - a.worth || compareCandidates(a.candidate, b.candidate))
    .map(({ candidate: { columns: _, ...found } }) => found);
}

function candidatesOf(manifest: Manifest): readonly Candidate[] {
  const { entities, sources, views, services } = manifest;
  return [
    ...entities.map((entity) => ({
      ...describe('entity', entity.name, entity),
      entities: [entity.name],
      columns: entity.keys.map(({ name }) => name),
    })),
    ...sources.map((source) => ({
      ...describe('source', source.name, source),
      columns: source.columns.map(({ name }) => name),
    })),
    ...views.flatMap((view) => {
      const found = { ...describe('view', view.name, view), entities: view.kind === 'feature' ? view.entities : [] };
      const features = view.features.map((feature) => ({
        ...describe('feature', `${view.name}:${feature.name}`, feature),
        owner: feature.owner ?? found.owner,
        tags: [...new Set([...(feature.tags ?? []), ...found.tags])],
        entities: found.entities,
        columns: feature.kind === 'column' ? [feature.column] : [],
      }));
      return [{ ...found, columns: view.features.map(({ name }) => name) }, ...features];
    }),
    ...services.map((service) => ({
      ...describe('service', service.name, service),
      columns: service.features.flatMap(({ view, features }) => [view, ...(features ?? [])]),
    })),
  ];
}

function describe(kind: FoundKind, name: string, { description, owner, tags }: Metadata): Candidate {
  return {
    kind,
    name,
    description: description ?? null,
    owner: owner ?? null,
    tags: tags ?? [],
    entities: [],
    columns: [],
  };
}

function passesFilters({ tags, entities, owner }: Candidate, request: SearchRequest): boolean {
  const isSame = (left: string, right: string): boolean => left.toLowerCase() === right.toLowerCase();
  return (
    (request.tag === undefined || tags.some((tag) => isSame(tag, request.tag!))) &&
    (request.entity === undefined || entities.some((entity) => isSame(entity, request.entity!))) &&
    (request.owner === undefined || (owner !== null && isSame(owner, request.owner)))
  );
}

function worthOf({ name, tags, owner, description, columns }: Candidate, word: string): number {
  const own = name.toLowerCase();
  if (own === word) return WORTH.name;
  if (wordsOf(name).includes(word)) return WORTH.namePart;
  if (own.includes(word)) return WORTH.nameText;
  if (tags.some((tag) => tag.toLowerCase().includes(word))) return WORTH.tag;
  if (owner?.toLowerCase().includes(word)) return WORTH.owner;
  if (description?.toLowerCase().includes(word)) return WORTH.description;
  return columns.some((column) => column.toLowerCase().includes(word)) ? WORTH.column : 0;
}

/** Split where a name is: at signs, underscores and capitals. */
function wordsOf(text: string): readonly string[] {
  return text
    .replaceAll(/([\p{Ll}\d])(\p{Lu})/gu, '$1 $2')
    .toLowerCase()
    .split(/[^\p{L}\p{N}@.-]+/u)
    .filter((word) => word !== '');
}

function compareCandidates(left: Candidate, right: Candidate): number {
  return KINDS.indexOf(left.kind) - KINDS.indexOf(right.kind) || (left.name < right.name ? -1 : 1);
}
