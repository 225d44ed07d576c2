/** Errors as problem details (RFC 9457), with the stable code of the error table. */
import type { FastifyError, FastifyInstance } from 'fastify';
import { knownError } from '../contracts/disk-full.ts';
import { AsofError } from '../contracts/errors.ts';
import { toJsonText } from '../contracts/json-text.ts';

const RETRY_AFTER_SECONDS = 1;
const PROBLEM_JSON = 'application/problem+json; charset=utf-8';

export function answerProblems(server: FastifyInstance): void {
  server.setErrorHandler((error: FastifyError, request, reply) => {
    const known = toAsofError(error);
    const status =
      error.statusCode !== undefined && !(error instanceof AsofError) ? error.statusCode : known.httpStatus;
    // what is refused under load is counted, and not told line by line
    if (known.code === 'OVERLOADED') void reply.header('retry-after', RETRY_AFTER_SECONDS);
    else if (status >= 500) request.log.error({ code: known.code, problem: known.message }, 'request failed');
    void reply
      .status(status)
      .header('content-type', PROBLEM_JSON)
      .send(describeProblem(status, known.code, known.message, known.details));
  });
  server.setNotFoundHandler((request, reply) => {
    void reply
      .status(404)
      .header('content-type', PROBLEM_JSON)
      .send(describeProblem(404, 'USAGE', `there is no route ${request.method} ${request.url}; see /openapi.json`, {}));
  });
}

function toAsofError(error: FastifyError): AsofError {
  if (error instanceof AsofError) return error;
  if (error.validation) {
    const extra = error.validation[0]?.params.additionalProperty;
    const problem = typeof extra === 'string' ? `${error.message}: ${JSON.stringify(extra)}` : error.message;
    return new AsofError('USAGE', { problem }, error);
  }
  if (error.statusCode !== undefined && error.statusCode < 500)
    return new AsofError('USAGE', { problem: error.message }, error);
  return knownError(error);
}

function describeProblem(status: number, code: string, detail: string, details: AsofError['details']): string {
  return toJsonText({
    type: 'about:blank',
    title: code.toLowerCase().replaceAll('_', ' '),
    status,
    code,
    detail,
    details,
  });
}
