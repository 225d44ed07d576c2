/** SPEC.md is a table of rules, each with the tests that hold it: here it is held to its own word. */
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';

const ROOT = path.resolve(import.meta.dirname, '../..');

interface Rule {
  readonly id: string;
  readonly text: string;
  readonly heldBy: string;
  readonly state: string;
}

interface NamedTest {
  readonly file: string;
  readonly titles: readonly string[];
}

function readRules(): readonly Rule[] {
  const lines = readFileSync(path.join(ROOT, 'SPEC.md'), 'utf8').split('\n');
  const rows = lines.filter((line) => line.startsWith('|')).map((line) => line.split('|').map((cell) => cell.trim()));
  return rows
    .filter(([, id]) => id !== '' && !/^:?-+:?$/.test(id ?? ''))
    .map(([, id = '', text = '', heldBy = '', state = '']) => ({ id, text, heldBy, state }));
}

/** `file` "title", "title"; `file` "title" */
function namedTests({ heldBy }: Rule): readonly NamedTest[] {
  return [...heldBy.matchAll(/`(test\/[^`]+)`((?:,? "[^"]+")+)/g)].map(([, file = '', titles = '']) => ({
    file,
    titles: [...titles.matchAll(/"([^"]+)"/g)].map(([, title = '']) => title),
  }));
}

/** Whether a test file has the title as a text of its own. */
function hasTitle(file: string, title: string): boolean {
  const source = readFileSync(path.join(ROOT, file), 'utf8');
  return ["'", '"', '`'].some((quote) => source.includes(`${quote}${title}${quote}`));
}

const rules = readRules();

describe('SPEC.md', () => {
  it('has a line for each rule, with an id of its own', () => {
    expect(rules.length).toBeGreaterThan(80);
    expect(new Set(rules.map(({ id }) => id)).size).toBe(rules.length);
    expect(rules.filter(({ text }) => text === '')).toEqual([]);
  });

  it('has the invariants of reliability', () => {
    const ids = new Set(rules.map(({ id }) => id));
    for (let number = 1; number <= 10; number++) expect(ids).toContain(`I${number}`);
  });
});

it.each(rules)('$id says whether it holds, and names tests that exist: $text', (rule) => {
  const tests = namedTests(rule);
  expect(['holds', 'open']).toContain(rule.state);
  expect(rule.heldBy).not.toBe('');
  if (rule.state === 'holds') expect(tests).not.toEqual([]);
  // whatever looks like a test file is followed by its titles
  expect(tests).toHaveLength(rule.heldBy.match(/`test\//g)?.length ?? 0);
  for (const { file, titles } of tests) {
    expect(existsSync(path.join(ROOT, file)), file).toBe(true);
    expect(titles.filter((title) => !hasTitle(file, title))).toEqual([]);
  }
});
