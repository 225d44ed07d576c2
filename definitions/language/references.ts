import type { AliasDefinition, ReferenceTarget, SelectionDefinition, Typed } from './definition.ts';

/** A view under another prefix and with other key columns: what `view.as` returns. */
export function alias<Name extends string, Row>(
  name: Name,
  view: ReferenceTarget & Typed<string, Row>,
  keyColumns: Readonly<Record<string, string | undefined>>,
): AliasDefinition<Name, Row> {
  const definition: AliasDefinition<Name, Row> = {
    definition: 'alias',
    name,
    view,
    keyColumns: keyColumns as Readonly<Record<string, string>>,
    pick: (...features) => selection(definition, features),
  };
  return definition;
}

/** Some features of a view or alias: what `pick` returns. */
export function selection<Name extends string, Row, Feature extends keyof Row & string>(
  of: ReferenceTarget & Typed<Name, Row>,
  features: readonly Feature[],
): SelectionDefinition<Name, Pick<Row, Feature>> {
  return { definition: 'selection', of, features };
}
