import type { AsofConfig, CodeConfig } from '../../contracts/config.ts';
import { AsofError } from '../../contracts/errors.ts';
import { closestNames } from '../closest-names.ts';
import { isName, NAME_RULE } from '../names.ts';
import { isRecord, show } from '../normalization/option-reader.ts';

type Rule = 'text' | 'texts' | 'text or texts' | 'flag' | 'any' | Readonly<Record<string, 'text' | 'texts' | 'flag'>>;

const RULES: Readonly<Record<keyof AsofConfig, Rule>> = {
  project: 'text',
  definitions: 'text or texts',
  lake: 'text',
  catalog: 'text',
  redis: 'text',
  temporal: { address: 'text', namespace: 'text' },
  kafka: { brokers: 'texts' },
  s3: { endpoint: 'text', region: 'text', forcePathStyle: 'flag', cacheSize: 'text' },
  spark: { url: 'text', autoAbove: 'text' },
  auth: 'any',
};

/** Checks what `asof.config.ts` exports by default. Throws `CONFIG_INVALID`. */
export function parseConfig(value: unknown, file: string): AsofConfig {
  if (!isRecord(value)) throw invalid(file, 'it has no default export; write `export default defineConfig({ … })`');
  const { definitions, ...config } = parseCodeConfig(value, file);
  if (definitions === undefined) throw invalid(file, "definitions is missing; name the file, such as 'features.ts'");
  return { ...config, definitions };
}

/** Checks a configuration that a program gives. Throws `CONFIG_INVALID`. */
export function parseCodeConfig(value: unknown, file: string): CodeConfig {
  if (!isRecord(value)) throw invalid(file, `it is ${show(value)}; give an object such as { project: 'flights' }`);
  const wrong = checkObject(value, RULES, '');
  if (wrong !== undefined) throw invalid(file, wrong);
  if (!isName(value.project)) throw invalid(file, `project is ${show(value.project)}; ${NAME_RULE}`);
  return value as unknown as CodeConfig;
}

function invalid(file: string, problem: string): AsofError {
  return new AsofError('CONFIG_INVALID', { file, problem });
}

/** What is wrong with an object of options, in words. */
function checkObject(
  value: Readonly<Record<string, unknown>>,
  rules: Readonly<Record<string, Rule>>,
  prefix: string,
): string | undefined {
  for (const [name, one] of Object.entries(value)) {
    const rule = Object.hasOwn(rules, name) ? rules[name] : undefined;
    if (rule === undefined) {
      const [nearest] = closestNames(name, Object.keys(rules));
      const known = `known options: ${Object.keys(rules).join(', ')}`;
      return `unknown option ${prefix}${name}; ${nearest === undefined ? known : `did you mean "${nearest}"?`}`;
    }
    const wrong = one === undefined ? undefined : checkValue(one, rule, `${prefix}${name}`);
    if (wrong !== undefined) return wrong;
  }
  return undefined;
}

function checkValue(value: unknown, rule: Rule, name: string): string | undefined {
  if (typeof rule === 'object') {
    return isRecord(value) ? checkObject(value, rule, `${name}.`) : `${name} is ${show(value)}; give an object`;
  }
  const isText = typeof value === 'string' && value !== '';
  const isTexts = Array.isArray(value) && value.length > 0 && value.every((item) => typeof item === 'string');
  switch (rule) {
    case 'any':
      return undefined;
    case 'text':
      return isText ? undefined : `${name} is ${show(value)}; give a text`;
    case 'texts':
      return isTexts ? undefined : `${name} is ${show(value)}; give a list of texts`;
    case 'text or texts':
      return isText || isTexts ? undefined : `${name} is ${show(value)}; give a text or a list of texts`;
    case 'flag':
      return typeof value === 'boolean' ? undefined : `${name} is ${show(value)}; give true or false`;
  }
}
