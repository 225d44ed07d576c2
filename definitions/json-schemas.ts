/** JSON Schema as an argument of rules: draft 7, 2019-09 and 2020-12, without references to elsewhere. */
import { Ajv } from 'ajv';
import { Ajv2019 } from 'ajv/dist/2019.js';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { messageOf } from '../contracts/errors.ts';
import { linearPatterns } from './patterns.ts';

const OPTIONS = {
  strict: false,
  ownProperties: true,
  validateFormats: false,
  logger: false,
  code: { regExp: linearPatterns },
} as const;

/** Whether a text is JSON of this schema. Throws for a schema that cannot be read. */
export function compileJsonSchema(schema: object): (text: string) => boolean {
  const draft = String(Object.hasOwn(schema, '$schema') ? (schema as { $schema: unknown }).$schema : '');
  const ajv = draft.includes('2020-12')
    ? new Ajv2020(OPTIONS)
    : draft.includes('2019-09')
      ? new Ajv2019(OPTIONS)
      : new Ajv(OPTIONS);
  const validate = ajv.compile(schema);
  return (text) => {
    try {
      return validate(JSON.parse(text));
    } catch {
      return false;
    }
  };
}

/** What is wrong with a schema; undefined when nothing is. */
export function jsonSchemaProblem(schema: object): string | undefined {
  try {
    compileJsonSchema(schema);
    return undefined;
  } catch (error) {
    return messageOf(error);
  }
}
