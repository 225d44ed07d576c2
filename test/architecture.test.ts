/** The walls of the code base, held as tests: import direction, cycles, packages behind their folder, names and sizes. */
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import ts from 'typescript';
import { describe, expect, it } from 'vitest';

const ROOT = path.resolve(import.meta.dirname, '..');

/** Data flows down this list; a module may import itself and what stands above it. */
const MODULES = [
  'contracts',
  'definitions',
  'security',
  'catalog',
  'engine',
  'lake',
  'aggregates',
  'sources',
  'quality',
  'ingestion',
  'offline',
  'online',
  'streaming',
  'activities',
  'workflows',
  'workers',
  'stack',
  'library',
  'api',
  'cli',
] as const;

/** A package that only these folders may import. */
const CONFINED: Readonly<Record<string, readonly string[]>> = {
  '@duckdb/node-api': ['engine'],
  'apache-arrow': ['engine'],
  ioredis: ['online'],
  pg: ['catalog', 'sources'],
  mysql2: ['sources'],
  kysely: ['catalog'],
  kafkajs: ['streaming'],
  'hive-driver': ['engine'],
  '@aws-sdk/client-s3': ['lake'],
  '@temporalio/workflow': ['workflows'],
  '@temporalio/activity': ['activities'],
  '@temporalio/worker': ['workers'],
  fastify: ['api'],
  commander: ['cli'],
  esbuild: ['definitions'],
  ajv: ['definitions', 'quality', 'api'],
  re2js: ['quality', 'definitions'],
};

/** Library modules that must not end up in the workflow sandbox. */
const WORKFLOW_ALLOWED = ['contracts', 'workflows'];

const LINE_LIMIT = 400;
const MEDIAN_LIMIT = 140;
const BANNED_NAMES = /^(utils?|helpers?|common|misc|shared)$/;

interface Import {
  readonly target: string;
  readonly typeOnly: boolean;
}

const files = listSources();
const imports = new Map(files.map((file) => [file, importsOf(file)]));

describe('import direction', () => {
  it('imports point up the list of modules only', () => {
    const wrong = eachImport((file, { target }) => {
      const from = MODULES.indexOf(moduleOf(file) as (typeof MODULES)[number]);
      const to = MODULES.indexOf(moduleOf(target) as (typeof MODULES)[number]);
      return from >= 0 && to >= 0 && to > from;
    });
    expect(wrong).toEqual([]);
  });

  it('no file imports itself through others', () => {
    expect(findCycles()).toEqual([]);
  });

  it('workflows import the workflow package, contracts and types only', () => {
    const wrong = eachImport((file, { target, typeOnly }) => {
      if (moduleOf(file) !== 'workflows' || typeOnly) return false;
      return isLocal(target) ? !WORKFLOW_ALLOWED.includes(moduleOf(target)) : target !== '@temporalio/workflow';
    });
    expect(wrong).toEqual([]);
  });

  it('contracts do no input or output', () => {
    const wrong = eachImport((file, { target }) => moduleOf(file) === 'contracts' && !isLocal(target));
    expect(wrong).toEqual([]);
  });
});

describe('packages', () => {
  it('each confined package is imported by its own folder only', () => {
    const wrong = eachImport((file, { target, typeOnly }) => {
      const allowed = CONFINED[packageOf(target)];
      if (isLocal(target) || typeOnly || allowed === undefined) return false;
      return (MODULES as readonly string[]).includes(moduleOf(file)) && !allowed.includes(moduleOf(file));
    });
    expect(wrong).toEqual([]);
  });
});

describe('kafkajs', () => {
  it('which is no longer maintained, stands behind one file', () => {
    const users = eachImport(
      (file, { target }) => packageOf(target) === 'kafkajs' && (MODULES as readonly string[]).includes(moduleOf(file)),
    ).map((use) => use.split(' ')[0]);
    expect([...new Set(users)]).toEqual(['streaming/kafka-client.ts', 'streaming/kafkajs-internals.d.ts']);
  });
});

describe('rows of the lake', () => {
  it('are read through checked paths only, but for what Spark left a moment ago', () => {
    const readers = files.filter((file) => (MODULES as readonly string[]).includes(moduleOf(file)));
    const unchecked = readers.filter((file) => readFileSync(path.join(ROOT, file), 'utf8').includes('.localPath('));
    expect(unchecked.filter((file) => moduleOf(file) !== 'lake')).toEqual(['offline/spark/staged-work.ts']);
  });
});

describe('files', () => {
  it('have kebab-case names that say something', () => {
    const wrong = files.filter((file) =>
      file.split('/').some((part) => {
        const name = part
          .replace(/(\.(test|property|e2e|config|bench))?(\.test|-d)?\.ts$/, '')
          .replace(/\.test-d$/, '');
        return BANNED_NAMES.test(name) || !/^[a-z0-9][a-z0-9.-]*$/.test(name);
      }),
    );
    expect(wrong).toEqual([]);
  });

  it('hold one concept: short in the median, never long', () => {
    const lengths = files
      .filter((file) => !file.startsWith('test/'))
      .map((file) => ({ file, lines: readFileSync(path.join(ROOT, file), 'utf8').split('\n').length }));
    expect(lengths.filter(({ lines }) => lines > LINE_LIMIT)).toEqual([]);
    const sorted = lengths.map(({ lines }) => lines).sort((a, b) => a - b);
    expect(sorted[Math.floor(sorted.length / 2)]).toBeLessThanOrEqual(MEDIAN_LIMIT);
  });
});

function listSources(): readonly string[] {
  return readdirSync(ROOT, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
    .map((entry) => path.relative(ROOT, path.join(entry.parentPath, entry.name)).split(path.sep).join('/'))
    .filter((file) => !/(^|\/)(node_modules|\.asof|\.cache)\//.test(file))
    .sort();
}

function importsOf(file: string): readonly Import[] {
  const source = ts.createSourceFile(file, readFileSync(path.join(ROOT, file), 'utf8'), ts.ScriptTarget.Latest);
  const found: Import[] = [];
  const visit = (node: ts.Node): void => {
    if ((ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) && node.moduleSpecifier) {
      found.push({ target: resolve(file, node.moduleSpecifier), typeOnly: isTypeOnly(node) });
    } else if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) {
      const [specifier] = node.arguments;
      if (specifier && ts.isStringLiteral(specifier)) found.push({ target: resolve(file, specifier), typeOnly: false });
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return found;
}

function isTypeOnly(node: ts.ImportDeclaration | ts.ExportDeclaration): boolean {
  if (ts.isExportDeclaration(node)) return node.isTypeOnly;
  const clause = node.importClause;
  if (clause === undefined) return false;
  if (clause.phaseModifier === ts.SyntaxKind.TypeKeyword) return true;
  const bindings = clause.namedBindings;
  return clause.name === undefined &&
    bindings !== undefined &&
    ts.isNamedImports(bindings) &&
    bindings.elements.length > 0
    ? bindings.elements.every((element) => element.isTypeOnly)
    : false;
}

function resolve(file: string, specifier: ts.Expression): string {
  const text = (specifier as ts.StringLiteral).text;
  return text.startsWith('.') ? path.posix.normalize(path.posix.join(path.posix.dirname(file), text)) : text;
}

function eachImport(isWrong: (file: string, found: Import) => boolean): readonly string[] {
  return [...imports].flatMap(([file, found]) =>
    found.filter((one) => isWrong(file, one)).map((one) => `${file} imports ${one.target}`),
  );
}

function isLocal(target: string): boolean {
  return imports.has(target) || target.endsWith('.ts') || target.endsWith('.json');
}

function moduleOf(file: string): string {
  return file.split('/')[0] ?? '';
}

function packageOf(target: string): string {
  return target
    .split('/')
    .slice(0, target.startsWith('@') ? 2 : 1)
    .join('/');
}

/** Every cycle of value imports, found by depth-first search. */
function findCycles(): readonly string[] {
  const cycles: string[] = [];
  const done = new Set<string>();
  const visit = (file: string, trail: readonly string[]): void => {
    if (trail.includes(file)) {
      cycles.push([...trail.slice(trail.indexOf(file)), file].join(' → '));
      return;
    }
    if (done.has(file)) return;
    for (const { target, typeOnly } of imports.get(file) ?? []) {
      if (!typeOnly && imports.has(target)) visit(target, [...trail, file]);
    }
    done.add(file);
  };
  for (const file of files) visit(file, []);
  return cycles;
}
