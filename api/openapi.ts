/** `/openapi.json`, made from the schemas that the routes validate with. */
import type { FastifyInstance, FastifySchema, RouteOptions } from 'fastify';

declare module 'fastify/types/schema.js' {
  interface FastifySchema {
    /** What the operation does; a route without one is not described. */
    readonly summary?: string;
    readonly description?: string;
    /** Responses as OpenAPI has them, by status. Documentation: nothing is serialized by it, so that no digit is lost. */
    readonly answers?: Readonly<Record<number, object>>;
  }
}

/** RFC 9457, with the code of the error table. */
const PROBLEM = {
  type: 'object',
  required: ['type', 'title', 'status', 'code', 'detail'],
  properties: {
    type: { type: 'string' },
    title: { type: 'string' },
    status: { type: 'integer' },
    code: { type: 'string', description: 'stable: what programs match on' },
    detail: { type: 'string', description: 'what happened, where, and how to mend it' },
    details: { type: 'object' },
  },
} as const;

/** Must be called before the routes are added. */
export function serveOpenApi(server: FastifyInstance, version: string): void {
  const paths: Record<string, Record<string, unknown>> = {};
  server.addHook('onRoute', (route) => {
    const schema = route.schema;
    if (schema?.summary === undefined) return;
    for (const method of methodsOf(route)) {
      (paths[route.url.replaceAll(/:(\w+)/g, '{$1}')] ??= {})[method] = describeOperation(schema);
    }
  });
  server.get('/openapi.json', () => ({
    openapi: '3.1.0',
    info: { title: 'Asof', version, license: { name: 'Apache-2.0' } },
    paths,
    components: { schemas: { Problem: PROBLEM } },
  }));
}

function methodsOf(route: RouteOptions): readonly string[] {
  return (Array.isArray(route.method) ? route.method : [route.method])
    .map((method) => method.toLowerCase())
    .filter((method) => method !== 'head');
}

function describeOperation(schema: FastifySchema): unknown {
  const parameters = [
    ...describeParameters('path', schema.params),
    ...describeParameters('query', schema.querystring),
    ...describeParameters('header', schema.headers),
  ];
  return {
    summary: schema.summary,
    ...(schema.description === undefined ? {} : { description: schema.description }),
    ...(parameters.length === 0 ? {} : { parameters }),
    ...(schema.body === undefined
      ? {}
      : { requestBody: { required: true, content: { 'application/json': { schema: schema.body } } } }),
    responses: {
      ...(schema.answers ?? { 200: { description: 'the document' } }),
      default: {
        description: 'problem details with a stable code',
        content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
      },
    },
  };
}

/** Of an object schema, one parameter for each property. */
function describeParameters(place: 'path' | 'query' | 'header', schema: unknown): readonly unknown[] {
  const { properties = {} } = (schema ?? {}) as {
    readonly properties?: Readonly<Record<string, { description?: string }>>;
  };
  return Object.entries(properties).map(([name, { description, ...rest }]) => ({
    name,
    in: place,
    required: place === 'path',
    ...(description === undefined ? {} : { description }),
    schema: rest,
  }));
}
