/** Path patterns: `*` and `?` within a name, `[abc]`, `{a,b}`, and `**` for any depth. Expanded here, not by the engine. */
import { readdir, stat } from 'node:fs/promises';
import { join, sep } from 'node:path';

const MAGIC = /[*?[\]{}]/;

/** The deepest directory that every match of the pattern lies in. A directory that exists as written is no pattern. */
export async function baseDirectory(pattern: string): Promise<string> {
  const [root = '', ...segments] = pattern.split(sep).slice(0, -1);
  let base = root;
  for (const segment of segments) {
    const next = base + sep + segment;
    if (MAGIC.test(segment) && !(await isDirectory(next))) break;
    base = next;
  }
  return base || sep;
}

/**
 * Absolute paths of the files that match, each once, in byte order. A path that exists as written matches itself
 * alone. Hidden entries match only a pattern that names their dot; `**` does not follow links to directories.
 */
export async function expandGlob(pattern: string): Promise<readonly string[]> {
  if (await isFile(pattern)) return [pattern];
  const base = await baseDirectory(pattern);
  const found = new Set<string>();
  for (const plain of expandBraces(pattern.slice(base.length))) {
    const segments = plain.split(sep).filter((segment) => segment !== '');
    for await (const path of walk(base, segments)) found.add(path);
  }
  return [...found].sort(compareBytes);
}

/** Order of the UTF-8 bytes, which differs from that of UTF-16 units outside the basic plane. */
export function compareBytes(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}

async function* walk(directory: string, segments: readonly string[]): AsyncGenerator<string> {
  const [segment, ...rest] = segments;
  if (segment === undefined) return;
  if (segment === '**') {
    yield* walk(directory, rest);
    for (const entry of await entriesOf(directory)) {
      if (entry.isDirectory() && !entry.name.startsWith('.')) yield* walk(join(directory, entry.name), segments);
    }
    return;
  }
  const names = MAGIC.test(segment) ? await matchingNames(directory, segment) : [segment];
  for (const name of names) {
    const path = join(directory, name);
    if (rest.length > 0) yield* walk(path, rest);
    else if (await isFile(path)) yield path;
  }
}

async function matchingNames(directory: string, segment: string): Promise<readonly string[]> {
  const pattern = segmentPattern(segment);
  const names = (await entriesOf(directory)).map((entry) => entry.name);
  return names.filter((name) => pattern.test(name) && (segment.startsWith('.') || !name.startsWith('.')));
}

async function entriesOf(directory: string) {
  try {
    return await readdir(directory, { withFileTypes: true });
  } catch {
    return []; // absent, not a directory, or not ours to read: nothing matches
  }
}

async function isFile(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isFile();
  } catch {
    return false;
  }
}

async function isDirectory(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory();
  } catch {
    return false;
  }
}

function segmentPattern(segment: string): RegExp {
  const source = segment.replace(/\[(!?)([^\]]+)\]|[*?]|[^*?[]+|\[/g, (part, negated?: string, members?: string) => {
    if (members !== undefined) return `[${negated === '!' ? '^' : ''}${members.replace(/[\\^[]/g, '\\$&')}]`;
    if (part === '*') return '[^/]*';
    if (part === '?') return '[^/]';
    return part.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&');
  });
  return new RegExp(`^${source}$`, 'u');
}

/** `a{b,c}d` as `abd` and `acd`; groups may nest. */
function expandBraces(pattern: string): readonly string[] {
  const innermost = /\{([^{}]*)\}/.exec(pattern);
  if (!innermost) return [pattern];
  const before = pattern.slice(0, innermost.index);
  const after = pattern.slice(innermost.index + innermost[0].length);
  return (innermost[1] ?? '').split(',').flatMap((choice) => expandBraces(before + choice + after));
}
