/** What a message must have to be a row: without them it could never be found, or would count where it should not. */
import type { ExpectationManifest, Manifest, StoredSourceManifest } from '../contracts/manifest.ts';

/**
 * A source of messages with rules that quarantine those without event time, event id or a key of a view that reads its rows;
 * other sources as they are, since their inputs can be mended.
 */
export function withRequiredColumns<Source extends StoredSourceManifest>(
  { views }: Pick<Manifest, 'views'>,
  source: Source,
): Source {
  if (source.kind !== 'kafka') return source;
  const keys = views.flatMap((view) =>
    view.kind === 'feature' && view.source === source.name && view.rows === undefined ? view.keys : [],
  );
  const required = new Set([
    source.timestamp,
    ...(source.eventId === null ? [] : [source.eventId]),
    ...keys.map(({ column }) => column),
  ]);
  return { ...source, expectations: [...[...required].map(notNull), ...source.expectations] };
}

function notNull(column: string): ExpectationManifest {
  return {
    type: 'expect_column_values_to_not_be_null',
    level: 'row',
    arguments: { column },
    severity: 'critical',
    onFailure: 'quarantine',
  };
}
