/** `/openapi.json`, made from the schemas that the routes validate with. */
import type { FastifyInstance, FastifySchema, RouteOptions } from 'fastify';

declare module 'fastify/types/schema.js' {
  interface FastifySchema {
    /** What the operation does; a route without one is not described. */
    readonly summary?: string;
  }
}

/** Must be called before the routes are added. */
export function serveOpenApi(server: FastifyInstance, version: string): void {
  const paths: Record<string, Record<string, unknown>> = {};
  server.addHook('onRoute', (route) => {
    const schema = route.schema;
    if (schema?.summary === undefined) return;
    for (const method of methodsOf(route)) {
      (paths[route.url] ??= {})[method] = describeOperation(schema);
    }
  });
  server.get('/openapi.json', () => ({
    openapi: '3.1.0',
    info: { title: 'Asof', version, license: { name: 'Apache-2.0' } },
    paths,
  }));
}

function methodsOf(route: RouteOptions): readonly string[] {
  return (Array.isArray(route.method) ? route.method : [route.method])
    .map((method) => method.toLowerCase())
    .filter((method) => method !== 'head');
}

function describeOperation(schema: FastifySchema): unknown {
  return {
    summary: schema.summary,
    ...(schema.body === undefined
      ? {}
      : { requestBody: { required: true, content: { 'application/json': { schema: schema.body } } } }),
    responses: {
      default: { description: 'the document, or problem details with a stable code' },
    },
  };
}
