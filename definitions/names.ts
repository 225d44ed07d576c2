/** The rule for the names of definitions, features and columns. */

export const NAME_RULE =
  'a name starts with a letter, holds letters, digits and single underscores, and has at most 63 characters';

const LONGEST_NAME = 63;

export function isName(text: unknown): boolean {
  return (
    typeof text === 'string' &&
    text.length <= LONGEST_NAME &&
    /^[A-Za-z][A-Za-z0-9_]*$/.test(text) &&
    !text.includes('__')
  );
}

/** Names that a case-insensitive engine or file system cannot tell apart, each with the earlier one. */
export function findSimilarNames(
  names: readonly string[],
): readonly { readonly name: string; readonly earlier: string }[] {
  const seen = new Map<string, string>();
  return names.flatMap((name) => {
    const earlier = seen.get(name.toLowerCase());
    if (earlier === undefined) seen.set(name.toLowerCase(), name);
    return earlier === undefined || earlier === name ? [] : [{ name, earlier }];
  });
}
