import { parse } from 'acorn';
import { sha256 } from '../fingerprint.ts';
import {
  childrenOf,
  enterScope,
  findBinding,
  isFunction,
  namesInPattern,
  type Binding,
  type Scope,
  type SyntaxNode,
} from './scopes.ts';
import { describeSyntax, type Description, type Naming } from './syntax-description.ts';

type Code = (...values: never[]) => unknown;

/**
 * Hashes functions of a bundle: their code with every top-level declaration that it reaches, and the top-level statements
 * that work on what is reached. Layout and variable names do not count, so that the bundler's renaming, which depends on
 * the rest of the project, does not either. A function that captures variables of an enclosing function (made by another
 * function, or bound) depends on more than its text shows: its hash is that of the whole bundle.
 */
export function createFunctionHash(bundle: string): (code: Code) => string {
  const program = parse(bundle, { ecmaVersion: 'latest', sourceType: 'script' }) as unknown as SyntaxNode;
  const top = enterScope(program, undefined)!;
  const units = topLevelUnits(program, top);
  return (code) => {
    const text = code.toString();
    const found = findFunctions(program, bundle, text);
    const hashes = found.map(({ node, scope }) => hashClosure(node, scope, top, units));
    const whole = found.length === 0 || hashes.includes(undefined);
    return whole ? sha256(bundle) : sha256([...new Set(hashes)].sort().join());
  };
}

interface Units {
  readonly declarations: ReadonlyMap<Binding, readonly SyntaxNode[]>;
  /** Other statements by the bindings that they work on when the bundle is loaded. */
  readonly effects: ReadonlyMap<Binding, readonly SyntaxNode[]>;
}

function topLevelUnits(program: SyntaxNode, top: Scope): Units {
  const declarations = new Map<Binding, SyntaxNode[]>();
  const effects = new Map<Binding, SyntaxNode[]>();
  const add = (map: Map<Binding, SyntaxNode[]>, names: readonly string[], node: SyntaxNode): void => {
    for (const name of new Set(names)) {
      const binding = top.bindings.get(name);
      if (binding !== undefined) map.set(binding, [...(map.get(binding) ?? []), node]);
    }
  };
  for (const statement of childrenOf(program)) {
    if (statement.type === 'VariableDeclaration') {
      for (const one of childrenOf(statement)) add(declarations, namesInPattern(one.id as SyntaxNode), one);
    } else if (statement.type === 'FunctionDeclaration' || statement.type === 'ClassDeclaration') {
      add(declarations, namesInPattern(statement.id as SyntaxNode), statement);
    } else {
      add(effects, eagerNames(statement), statement);
    }
  }
  return { declarations, effects };
}

/** Identifiers that a statement touches as it runs: not those in functions, nor the functions that it merely calls. */
function eagerNames(node: SyntaxNode): readonly string[] {
  if (node.type === 'Identifier') return [node.name as string];
  return childrenOf(node)
    .filter((child) => !isFunction(child) && !(child === node.callee && child.type === 'Identifier'))
    .flatMap(eagerNames);
}

interface FoundFunction {
  readonly node: SyntaxNode;
  /** The scope that the function stands in. */
  readonly scope: Scope | undefined;
}

/** Every function whose source text is `text`; a method's text begins with its name. */
function findFunctions(program: SyntaxNode, bundle: string, text: string): readonly FoundFunction[] {
  const visit = (node: SyntaxNode, scope: Scope | undefined): readonly FoundFunction[] => {
    if (node.end - node.start < text.length) return [];
    const inner = enterScope(node, scope);
    if (bundle.slice(node.start, node.end) === text) {
      if (isFunction(node)) return [{ node, scope }];
      if (node.type === 'Property' || node.type === 'MethodDefinition') {
        return [{ node: node.value as SyntaxNode, scope: inner }];
      }
    }
    return childrenOf(node).flatMap((child) => visit(child, inner));
  };
  return visit(program, undefined);
}

/** Undefined when the function captures variables of an enclosing function or block. */
function hashClosure(node: SyntaxNode, scope: Scope | undefined, top: Scope, units: Units): string | undefined {
  const reached = new Map<Binding, string>();
  let captures = false;
  // a scope's bindings are made anew on each walk, so top-level names are compared by the names themselves
  const describe = (unit: SyntaxNode, within: Scope | undefined): Description => {
    const locals = new Map<Binding, string>();
    const naming: Naming = (name, binding) => {
      if (binding === undefined) return `global ${name}`;
      if (isTopLevel(binding, within)) {
        const known = top.bindings.get(name)!;
        if (!reached.has(known)) reached.set(known, `top ${reached.size}`);
        return reached.get(known)!;
      }
      captures ||= findBinding(within, name) === binding;
      if (!locals.has(binding)) locals.set(binding, `local ${locals.size}`);
      return locals.get(binding)!;
    };
    return describeSyntax(unit, within, naming);
  };
  const described: Description[] = [describe(node, scope)];
  const done = new Set<SyntaxNode>();
  // a map's iteration goes on to what is added meanwhile
  for (const binding of reached.keys()) {
    for (const unit of [...(units.declarations.get(binding) ?? []), ...(units.effects.get(binding) ?? [])]) {
      if (done.has(unit)) continue;
      done.add(unit);
      described.push(describe(unit, top));
    }
  }
  return captures ? undefined : sha256(JSON.stringify(described));
}

/** Whether the outermost scope around the unit declares it. */
function isTopLevel(binding: Binding, within: Scope | undefined): boolean {
  let outermost = within;
  while (outermost?.parent !== undefined) outermost = outermost.parent;
  return outermost?.bindings.get(binding.name) === binding;
}
