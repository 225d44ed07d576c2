/** Lexical scopes of a JavaScript syntax tree: which declaration an identifier means. */
import type { Node as AcornNode } from 'acorn';

/** A syntax node with its fields, which depend on its type. */
export type SyntaxNode = AcornNode & Readonly<Record<string, unknown>>;

/** One declared name. Identity matters: two scopes may declare the same name. */
export interface Binding {
  readonly name: string;
}

export interface Scope {
  readonly bindings: ReadonlyMap<string, Binding>;
  readonly parent: Scope | undefined;
}

export function findBinding(scope: Scope | undefined, name: string): Binding | undefined {
  for (let one = scope; one !== undefined; one = one.parent) {
    const binding = one.bindings.get(name);
    if (binding !== undefined) return binding;
  }
  return undefined;
}

/** The scope inside the node: a new one where the node opens one, else the same. */
export function enterScope(node: SyntaxNode, scope: Scope | undefined): Scope | undefined {
  const names = namesDeclaredBy(node);
  if (names === undefined) return scope;
  return { bindings: new Map(names.map((name) => [name, { name }])), parent: scope };
}

export function isFunction(node: SyntaxNode): boolean {
  return /^(FunctionDeclaration|FunctionExpression|ArrowFunctionExpression)$/.test(node.type);
}

/** The names that a declaration's pattern binds. */
export function namesInPattern(pattern: SyntaxNode): readonly string[] {
  switch (pattern.type) {
    case 'Identifier':
      return [pattern.name as string];
    case 'ObjectPattern':
      return childrenAt(pattern, 'properties').flatMap((property) =>
        namesInPattern(property.type === 'Property' ? (property.value as SyntaxNode) : property),
      );
    case 'ArrayPattern':
      return childrenAt(pattern, 'elements').flatMap(namesInPattern);
    case 'AssignmentPattern':
      return namesInPattern(pattern.left as SyntaxNode);
    case 'RestElement':
      return namesInPattern(pattern.argument as SyntaxNode);
    default:
      return [];
  }
}

/** All child nodes, in the order of the fields. */
export function childrenOf(node: SyntaxNode): readonly SyntaxNode[] {
  return Object.values(node).flatMap((value) => (Array.isArray(value) ? value : [value]).filter(isNode));
}

export function isNode(value: unknown): value is SyntaxNode {
  return typeof value === 'object' && value !== null && 'type' in value && 'start' in value;
}

/** Undefined when the node opens no scope. */
function namesDeclaredBy(node: SyntaxNode): readonly string[] | undefined {
  switch (node.type) {
    case 'FunctionDeclaration':
    case 'FunctionExpression':
    case 'ArrowFunctionExpression':
      return [
        ...(node.type === 'FunctionExpression' ? idNames(node) : []),
        ...childrenAt(node, 'params').flatMap(namesInPattern),
        ...varNames(node.body as SyntaxNode),
      ];
    case 'Program':
    case 'BlockStatement':
    case 'StaticBlock': {
      const vars = node.type === 'BlockStatement' ? [] : varNames(node);
      return [...vars, ...childrenAt(node, 'body').flatMap(lexicalNames)];
    }
    case 'ForStatement':
      return isNode(node.init) ? lexicalNames(node.init) : [];
    case 'ForInStatement':
    case 'ForOfStatement':
      return lexicalNames(node.left as SyntaxNode);
    case 'SwitchStatement':
      return childrenAt(node, 'cases').flatMap((one) => childrenAt(one, 'consequent').flatMap(lexicalNames));
    case 'CatchClause':
      return isNode(node.param) ? namesInPattern(node.param) : [];
    case 'ClassDeclaration':
    case 'ClassExpression':
      return idNames(node);
    default:
      return undefined;
  }
}

function lexicalNames(statement: SyntaxNode): readonly string[] {
  if (statement.type === 'FunctionDeclaration' || statement.type === 'ClassDeclaration') return idNames(statement);
  return statement.type === 'VariableDeclaration' && statement.kind !== 'var' ? declaratorNames(statement) : [];
}

/** Names of `var` declarations at any depth, nested functions left out. */
function varNames(node: SyntaxNode): readonly string[] {
  const own = node.type === 'VariableDeclaration' && node.kind === 'var' ? declaratorNames(node) : [];
  const nested = childrenOf(node).filter((child) => !isFunction(child) && child.type !== 'StaticBlock');
  return [...own, ...nested.flatMap(varNames)];
}

function declaratorNames(declaration: SyntaxNode): readonly string[] {
  return childrenAt(declaration, 'declarations').flatMap((one) => namesInPattern(one.id as SyntaxNode));
}

function idNames(node: SyntaxNode): readonly string[] {
  return isNode(node.id) ? namesInPattern(node.id) : [];
}

function childrenAt(node: SyntaxNode, field: string): readonly SyntaxNode[] {
  return (node[field] as readonly unknown[]).filter(isNode);
}
