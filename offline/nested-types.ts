/** The engine's names of nested types, taken apart. */

export type TypeShape =
  | { readonly kind: 'scalar' }
  | { readonly kind: 'list'; readonly element: string }
  | { readonly kind: 'map'; readonly key: string; readonly value: string }
  | { readonly kind: 'struct'; readonly fields: readonly { readonly name: string; readonly type: string }[] };

/** Of names such as `BIGINT[3]`, `MAP(VARCHAR, DOUBLE)` and `STRUCT(a BIGINT, "b c" VARCHAR[])`; a union is a scalar. */
export function typeShape(type: string): TypeShape {
  const element = /^(.*)\[\d*\]$/s.exec(type)?.[1];
  if (element !== undefined) return { kind: 'list', element };
  const members = /^MAP\((.*)\)$/s.exec(type)?.[1];
  if (members !== undefined) {
    const [key = '', value = ''] = splitMembers(members);
    return { kind: 'map', key, value };
  }
  const fields = /^STRUCT\((.*)\)$/s.exec(type)?.[1];
  return fields === undefined ? { kind: 'scalar' } : { kind: 'struct', fields: splitMembers(fields).map(fieldOf) };
}

/** At the commas that stand outside of quotes and brackets. */
function splitMembers(text: string): readonly string[] {
  const members: string[] = [];
  let depth = 0;
  let start = 0;
  for (const { 0: token, index } of text.matchAll(/"(?:[^"]|"")*"|'(?:[^']|'')*'|[(),]/gs)) {
    if (token === '(') depth += 1;
    else if (token === ')') depth -= 1;
    else if (token === ',' && depth === 0) {
      members.push(text.slice(start, index).trim());
      start = index + 1;
    }
  }
  return [...members, text.slice(start).trim()];
}

function fieldOf(member: string): { readonly name: string; readonly type: string } {
  const [, quoted, plain, type = ''] = /^(?:"((?:[^"]|"")*)"|(\S+)) (.*)$/s.exec(member) ?? [];
  return { name: quoted?.replaceAll('""', '"') ?? plain ?? '', type };
}
