/** What a column of the engine becomes in Arrow. */

export type ArrowShape =
  | { readonly kind: 'boolean' | 'int32' | 'int64' | 'float32' | 'float64' | 'text' | 'timestamp' | 'date' }
  | { readonly kind: 'list'; readonly item: ArrowShape }
  | { readonly kind: 'vector'; readonly length: number; readonly item: ArrowShape };

const SHAPES: Readonly<Record<string, ArrowShape>> = {
  BOOLEAN: { kind: 'boolean' },
  TINYINT: { kind: 'int32' },
  SMALLINT: { kind: 'int32' },
  INTEGER: { kind: 'int32' },
  UTINYINT: { kind: 'int32' },
  USMALLINT: { kind: 'int32' },
  UINTEGER: { kind: 'int64' },
  BIGINT: { kind: 'int64' },
  FLOAT: { kind: 'float32' },
  DOUBLE: { kind: 'float64' },
  VARCHAR: { kind: 'text' },
  TIMESTAMP: { kind: 'timestamp' },
  TIMESTAMP_S: { kind: 'timestamp' },
  TIMESTAMP_MS: { kind: 'timestamp' },
  TIMESTAMP_NS: { kind: 'timestamp' },
  'TIMESTAMP WITH TIME ZONE': { kind: 'timestamp' },
  DATE: { kind: 'date' },
};

/** Element types whose values leave the engine as they are. */
const ELEMENTS =
  /^(BOOLEAN|TINYINT|SMALLINT|INTEGER|UTINYINT|USMALLINT|UINTEGER|BIGINT|FLOAT|DOUBLE|VARCHAR|TIMESTAMP)$/;

/** Types without a counterpart, decimals and structures among them, are text. */
export function arrowShape(type: string): ArrowShape {
  if (Object.hasOwn(SHAPES, type)) return SHAPES[type]!;
  const [, element = '', length] = /^(.*)\[(\d*)\]$/s.exec(type) ?? [];
  if (!isElement(element)) return { kind: 'text' };
  const item = arrowShape(element);
  return length === '' || length === undefined
    ? { kind: 'list', item }
    : { kind: 'vector', length: Number(length), item };
}

function isElement(type: string): boolean {
  const [, element] = /^(.*)\[\d*\]$/s.exec(type) ?? [];
  return element === undefined ? ELEMENTS.test(type) : isElement(element);
}

/** The expression to read a column through, so that its values arrive as the shape wants them. */
export function arrowSql(value: string, type: string): string {
  const { kind } = arrowShape(type);
  switch (kind) {
    case 'int32':
      return `${value}::INTEGER`;
    case 'int64':
      return `${value}::BIGINT`;
    case 'date':
      return `(${value} - DATE '1970-01-01')::INTEGER`;
    case 'timestamp':
      return type === 'TIMESTAMP WITH TIME ZONE' ? `timezone('UTC', ${value})` : `${value}::TIMESTAMP`;
    case 'text':
      return /^(STRUCT|MAP|UNION)\(|\]$/s.test(type) ? `to_json(${value})::VARCHAR` : `${value}::VARCHAR`;
    case 'boolean':
    case 'float32':
    case 'float64':
    case 'list':
    case 'vector':
      return value;
  }
}
