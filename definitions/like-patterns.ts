/** SQL's LIKE: `%` stands for any text, `_` for one character, and the character after an escape for itself. */

/** What is wrong with a pattern; undefined when nothing is. */
export function likeProblem(pattern: string, escape: string | null): string | undefined {
  return partsOf(pattern, escape) === undefined ? `it ends with the escape ${JSON.stringify(escape)}` : undefined;
}

/** The regular expression, in RE2's syntax, of the whole texts that a valid pattern is like. */
export function likeExpression(pattern: string, escape: string | null): string {
  const parts = partsOf(pattern, escape) ?? [];
  const text = parts.map((part) => (part === 'any' ? '.*' : part === 'one' ? '.' : quoted(part.character)));
  return `(?s)^${text.join('')}$`;
}

type Part = 'any' | 'one' | { readonly character: string };

function partsOf(pattern: string, escape: string | null): readonly Part[] | undefined {
  const parts: Part[] = [];
  const characters = [...pattern];
  for (let place = 0; place < characters.length; place += 1) {
    const character = characters[place]!;
    if (character === escape) {
      place += 1;
      const escaped = characters[place];
      if (escaped === undefined) return undefined;
      parts.push({ character: escaped });
    } else {
      parts.push(character === '%' ? 'any' : character === '_' ? 'one' : { character });
    }
  }
  return parts;
}

function quoted(character: string): string {
  return /[\\^$.*+?()[\]{}|]/.test(character) ? `\\${character}` : character;
}
