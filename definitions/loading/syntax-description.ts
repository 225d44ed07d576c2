import { enterScope, findBinding, isFunction, isNode, type Binding, type Scope, type SyntaxNode } from './scopes.ts';

/** Nested lists of texts: equal for equal code, whatever its layout and the names of its variables. */
export type Description = string | readonly Description[];

/** The text that stands for an identifier; undefined bindings are globals. */
export type Naming = (name: string, binding: Binding | undefined) => string;

const IGNORED_FIELDS = new Set(['type', 'start', 'end', 'raw', 'shorthand', 'directive']);

/**
 * What the code of a node does, with each variable as `naming` calls it. Names that others see (properties, labels,
 * globals) stay as they are.
 */
export function describeSyntax(node: SyntaxNode, scope: Scope | undefined, naming: Naming): Description {
  const inner = enterScope(node, scope);
  const describe = (child: unknown, where: Scope | undefined = inner): Description =>
    isNode(child) ? describeSyntax(child, where, naming) : describeValue(child);
  switch (node.type) {
    case 'Identifier':
      return naming(node.name as string, findBinding(scope, node.name as string));
    case 'Literal':
      return ['Literal', literalText(node)];
    case 'MemberExpression':
      return fields(node, (field, child) => (field === 'property' && !node.computed ? nameOf(child) : describe(child)));
    case 'Property':
    case 'MethodDefinition':
    case 'PropertyDefinition':
      return fields(node, (field, child) => (field === 'key' && !node.computed ? nameOf(child) : describe(child)));
    case 'LabeledStatement':
    case 'BreakStatement':
    case 'ContinueStatement':
      return fields(node, (field, child) => (field === 'label' && isNode(child) ? nameOf(child) : describe(child)));
    case 'MetaProperty':
      return ['MetaProperty'];
    default: {
      // the name of a declared function belongs to the scope around it
      const around = isFunction(node) && node.type === 'FunctionDeclaration' ? scope : inner;
      return fields(node, (field, child) => (field === 'id' ? describe(child, around) : describe(child)));
    }
  }

  function describeValue(value: unknown): Description {
    if (Array.isArray(value)) return value.map((item: unknown) => describe(item));
    return typeof value === 'object' && value !== null ? JSON.stringify(value) : String(value);
  }
}

/** The fields that say something: absent and false ones are left out, so that a newer parser's additions change nothing. */
function fields(node: SyntaxNode, describe: (field: string, child: unknown) => Description): Description {
  const told = Object.entries(node).filter(
    ([field, value]) => !IGNORED_FIELDS.has(field) && value !== null && value !== undefined && value !== false,
  );
  return [node.type, ...told.flatMap(([field, value]) => [field, describe(field, value)])];
}

function nameOf(key: unknown): Description {
  const node = key as SyntaxNode;
  return node.type === 'Literal' ? literalText(node) : String(node.name);
}

function literalText(node: SyntaxNode): string {
  if (node.regex !== undefined) return JSON.stringify(node.regex);
  return typeof node.value === 'string' ? JSON.stringify(node.value) : `${String(node.value)}${node.bigint ? 'n' : ''}`;
}
