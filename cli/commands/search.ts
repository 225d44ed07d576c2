import { AsofError } from '../../contracts/errors.ts';
import { suggestNames } from '../../definitions/closest-names.ts';
import { searchDefinitions, type FoundDefinition, type SearchRequest } from '../../definitions/search.ts';
import { parseCount } from '../arguments.ts';
import type { Register } from '../main.ts';
import { requireApplied, withCatalog } from '../project.ts';
import { drawTable, plural } from '../table.ts';

interface SearchOptions extends Omit<SearchRequest, 'text'> {
  readonly limit?: string;
}

const LIMIT = 10;

export const registerSearch: Register = (program, run) => {
  program
    .command('search')
    .description('find features, views, sources, entities and services by words, tag, entity and owner')
    .argument('[text...]', 'words, each of which must be in a name, tag, owner, description or column')
    .option('--tag <tag>', 'only what has the tag; features have those of their view')
    .option('--entity <name>', 'only views and features of an entity')
    .option('--owner <owner>', 'only what belongs to an owner')
    .option('--limit <n>', `at most so many (default: ${LIMIT})`)
    .action((words: readonly string[], { limit, ...filters }: SearchOptions) =>
      run((context) =>
        withCatalog(context, async ({ settings, catalog }) => {
          const request = { text: words.join(' '), ...filters };
          if (request.text === '' && Object.keys(filters).length === 0)
            throw new AsofError('USAGE', { problem: 'give words to search for, or --tag, --entity or --owner' });
          const { manifest } = await requireApplied(catalog, settings.project);
          const entities = manifest.entities.map(({ name }) => name);
          const { entity } = filters;
          if (entity !== undefined && !entities.some((name) => name.toLowerCase() === entity.toLowerCase()))
            throw new AsofError('UNKNOWN_NAME', {
              ...{ where: '--entity', kind: 'entity', name: entity, known: suggestNames(entity, entities) },
            });
          const found = searchDefinitions(manifest, request);
          const results = found.slice(0, limit === undefined ? LIMIT : parseCount(limit, '--limit'));
          context.terminal.result({ total: found.length, results }, draw(results, found.length));
        }),
      ),
    );
};

function draw(results: readonly FoundDefinition[], total: number): readonly string[] {
  if (total === 0) return ['Nothing was found.'];
  const rows = results.map(({ kind, name, tags, owner, description }) => [
    ...[kind, name, tags.join(', '), owner ?? '', description ?? ''],
  ]);
  const more = total - results.length;
  return [
    drawTable(['kind', 'name', 'tags', 'owner', 'description'], rows),
    ...(more > 0 ? [`${plural(more, 'result')} more; see them with --limit ${total}`] : []),
  ];
}
