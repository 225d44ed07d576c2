/** A function's hash moves with its meaning, and with nothing else in the project. */
import { describe, expect, it } from 'vitest';
import { bundleModules } from '../../../definitions/loading/bundle.ts';
import { evaluateBundle } from '../../../definitions/loading/evaluation.ts';
import { createFunctionHash } from '../../../definitions/loading/function-hash.ts';

type Code = (...values: never[]) => unknown;

/** The hash of the export `compute` of a module, bundled. */
async function hashOf(contents: string): Promise<string> {
  const bundle = await bundleModules(contents, import.meta.dirname);
  return createFunctionHash(bundle)(evaluateBundle(bundle).compute as Code);
}

const BASE = `const rate = 2;
function scale(x: number): number { const half = 0.5; return x * rate * half; }
export const compute = ({ request }: any) => { const local = scale(request.x); return { local }; };`;

describe('the hash of a function', () => {
  it.each([
    ['its own code', BASE.replace('{ local }', '{ local: -local }')],
    ['a function that it calls', BASE.replace('x * rate', 'x / rate')],
    ['a constant that this one reads', BASE.replace('rate = 2', 'rate = 3')],
    ['a property name', BASE.replace('request.x', 'request.y')],
    ['a text that looks like a number', BASE.replace('0.5', "'0.5' as any")],
  ])('moves with %s', async (_title, changed) => {
    expect(changed).not.toBe(BASE);
    expect(await hashOf(changed)).not.toBe(await hashOf(BASE));
  });

  it.each([
    ['layout and comments', BASE.replace('const local', '// half of it\n\n  const local')],
    ['types', BASE.replace(': any', ': Record<string, any>')],
    [
      'names of variables',
      BASE.replaceAll('local =', 'l =').replace('{ local }', '{ local: l }').replaceAll('rate', 'factor'),
    ],
    [
      'other declarations, also of names that are shadowed',
      `export const half = 1, local = 2, other = half + local;\n${BASE}`,
    ],
    ['the order of declarations', BASE.split('\n').toSpliced(0, 1).concat('const rate = 2;').join('\n')],
    ['statements about other things', `${BASE}\nexport const seen = new Set(); seen.add(1); (() => compute)();`],
  ])('does not move with %s', async (_title, changed) => {
    expect(changed).not.toBe(BASE);
    expect(await hashOf(changed)).toBe(await hashOf(BASE));
  });

  it('moves with statements that fill what it reads', async () => {
    const table = (entry: number): string =>
      `const table = new Map(); table.set('a', ${entry}); export const compute = ({ x }: any) => table.get(x);`;
    expect(await hashOf(table(1))).not.toBe(await hashOf(table(2)));
  });

  it('covers classes, destructured declarations and cycles', async () => {
    const code = (step: number): string => `const { base, ...rest } = { base: 1, other: ${step} };
      class Counter { static #made = 0; constructor() { Counter.#made++; } get value() { return even(4) ? base : rest.other; } }
      function even(n: number): boolean { return n === 0 || odd(n - 1); }
      function odd(n: number): boolean { return n !== 0 && even(n - 1); }
      export const compute = () => new Counter().value;`;
    expect(await hashOf(code(1))).not.toBe(await hashOf(code(2)));
    expect(await hashOf(code(1))).toBe(await hashOf(`const unrelated = 1; export { unrelated };\n${code(1)}`));
  });

  it('works for methods', async () => {
    const method = (value: number, more = ''): string =>
      `const view = { compute({ x }: any) { return x + ${value}; } }; export const compute = view.compute;${more}`;
    expect(await hashOf(method(1, 'export const y = 1;'))).toBe(await hashOf(method(1)));
    expect(await hashOf(method(1))).not.toBe(await hashOf(method(2)));
  });

  it('is that of the whole bundle when the function captures variables of another', async () => {
    const factory = (factor: number): string =>
      `const make = (factor: number) => (x: any) => x * factor; export const compute = make(${factor});`;
    expect(await hashOf(factory(2))).not.toBe(await hashOf(factory(3)));
    const bound = (value: number): string => `export const compute = ((x: number) => x).bind(null, ${value});`;
    expect(await hashOf(bound(1))).not.toBe(await hashOf(bound(2)));
  });

  it('is equal for equal functions, and does not move when another becomes equal', async () => {
    const two = (other: number): string => `export const other = () => ${other}; export const compute = () => 1;`;
    expect(await hashOf(two(2))).toBe(await hashOf(two(1)));
  });
});
