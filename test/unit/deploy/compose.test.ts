import { readFileSync } from 'node:fs';
import path from 'node:path';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';

const ROOT = path.resolve(import.meta.dirname, '../../..');
const read = (file: string): string => readFileSync(path.join(ROOT, file), 'utf8');

interface ComposeService {
  readonly image?: string;
  readonly command?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly depends_on?: Readonly<Record<string, unknown>>;
}
interface Compose {
  readonly services: Readonly<Record<string, ComposeService>>;
  readonly volumes: Readonly<Record<string, unknown>>;
}

const compose = parse(read('docker-compose.yml'), { merge: true }) as Compose;

describe('docker-compose.yml', () => {
  it('is valid by the schema of the Compose Specification', () => {
    const ajv = new Ajv2020({ strict: false, allErrors: true, validateFormats: false });
    const validate = ajv.compile(JSON.parse(read('deploy/schemas/compose-spec.json')) as object);
    validate(compose);
    expect(validate.errors ?? []).toEqual([]);
  });

  it('is refused by the schema when a service is misspelt', () => {
    const ajv = new Ajv2020({ strict: false, validateFormats: false });
    const validate = ajv.compile(JSON.parse(read('deploy/schemas/compose-spec.json')) as object);
    expect(validate({ ...compose, services: { api: { imagee: 'x' } } })).toBe(false);
  });

  it('has every component of the platform', () => {
    expect(Object.keys(compose.services).sort()).toEqual([
      'api',
      'cli',
      'kafka',
      'postgres',
      'redis',
      's3',
      'temporal',
      'temporal-search-attributes',
      'temporal-ui',
      'worker-compute',
      'worker-orchestration',
      'worker-serving',
    ]);
  });

  it('waits only for services that exist, and starts the three kinds of worker and the API', () => {
    const names = new Set(Object.keys(compose.services));
    for (const service of Object.values(compose.services)) {
      for (const dependency of Object.keys(service.depends_on ?? {})) expect(names).toContain(dependency);
    }
    for (const kind of ['orchestration', 'compute', 'serving']) {
      expect(compose.services[`worker-${kind}`]?.command).toEqual(['worker', '--kind', kind]);
    }
    expect(compose.services['api']?.command?.[0]).toBe('serve');
  });
});
