/** Names of types as suites of expectations write them: ours, Python's, NumPy's, pandas' and SQL's. */
import type { ScalarType } from '../contracts/values.ts';

const NAMES: Readonly<Record<ScalarType, readonly string[]>> = {
  string: ['string', 'str', 'object', 'varchar', 'text', 'char', 'stringtype'],
  int64: [
    'int64',
    'int',
    'int8',
    'int16',
    'int32',
    'integer',
    'bigint',
    'smallint',
    'tinyint',
    'integertype',
    'longtype',
  ],
  float64: ['float64', 'float', 'float16', 'float32', 'double', 'double_precision', 'real', 'floattype', 'doubletype'],
  boolean: ['boolean', 'bool', 'bool_', 'booleantype'],
  timestamp: ['timestamp', 'datetime', 'datetime64', 'datetime64[ns]', 'datetime64[us]', 'timestamptype'],
};

const TYPES: ReadonlyMap<string, ScalarType> = new Map(
  (Object.keys(NAMES) as ScalarType[]).flatMap((type) => NAMES[type].map((name) => [name, type] as const)),
);

/** The type that a name stands for, in any case; undefined for one that is not known. */
export function typeNamed(name: string): ScalarType | undefined {
  return TYPES.get(name.toLowerCase());
}

export function typeNames(): readonly string[] {
  return [...TYPES.keys()];
}
