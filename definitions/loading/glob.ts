import { readdir } from 'node:fs/promises';
import path from 'node:path';

const NEVER_ENTERED = new Set(['node_modules', '.asof', '.git']);

export function isGlob(pattern: string): boolean {
  return /[*?[\]{}]/.test(pattern);
}

/**
 * Absolute paths of the files that match a pattern relative to `base`, sorted: `*` and `?` within a name, `**` across directories,
 * `{a,b}` and `[abc]`. Directories of dependencies and of state are not entered.
 */
export async function findFiles(pattern: string, base: string): Promise<readonly string[]> {
  const parts = toPosix(pattern).split('/');
  const magic = parts.findIndex(isGlob);
  // an absolute pattern leaves the base
  const root = path.resolve(base, parts.slice(0, magic).join('/') || (path.isAbsolute(pattern) ? '/' : '.'));
  const matches = globExpression(parts.slice(magic).join('/'));
  const found: string[] = [];
  const visit = async (directory: string): Promise<void> => {
    const entries = await readdir(directory, { withFileTypes: true }).catch(() => []);
    for (const entry of entries) {
      const full = path.join(directory, entry.name);
      if (entry.isDirectory()) {
        if (!NEVER_ENTERED.has(entry.name)) await visit(full);
      } else if (matches.test(toPosix(path.relative(root, full)))) {
        found.push(full);
      }
    }
  };
  await visit(root);
  return found.sort();
}

export function globExpression(pattern: string): RegExp {
  const tokens = /\*\*\/|\*\*|\*|\?|\{[^{}/]*\}|\[[^\]/]+\]|[^*?{[]+|[{[]/g;
  const source = [...pattern.matchAll(tokens)].map(([token]) => tokenExpression(token)).join('');
  return new RegExp(`^${source}$`);
}

function tokenExpression(token: string): string {
  if (token === '**/') return '(?:[^/]+/)*';
  if (token === '**') return '.*';
  if (token === '*') return '[^/]*';
  if (token === '?') return '[^/]';
  if (/^\{.*\}$/.test(token)) return `(?:${token.slice(1, -1).split(',').map(escape).join('|')})`;
  if (/^\[.*\]$/.test(token)) return `[${token.slice(1, -1).replace(/^!/, '^').replaceAll('\\', '\\\\')}]`;
  return escape(token);
}

function escape(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}

function toPosix(file: string): string {
  return file.split(path.sep).join('/');
}
