import Fastify from 'fastify';
import { expect, it } from 'vitest';
import { parseBodiesWithoutLoss } from '../../../api/lossless-body.ts';
import { answerProblems } from '../../../api/problem.ts';
import { toJsonText } from '../../../contracts/json-text.ts';

const schema = {
  body: { type: 'object', additionalProperties: false, properties: { keys: { type: 'array' } } },
};

/** Sends a body to a route that takes `keys` and gives them back. */
async function post(body: string | Buffer): Promise<{ readonly status: number; readonly text: string }> {
  const server = Fastify({ ajv: { customOptions: { removeAdditional: false } } });
  parseBodiesWithoutLoss(server);
  answerProblems(server);
  server.post('/', { schema }, (request) => toJsonText(request.body));
  const headers = { 'content-type': 'application/json' };
  const { statusCode, body: text } = await server.inject({ method: 'POST', url: '/', headers, payload: body });
  await server.close();
  return { status: statusCode, text };
}

it('gives back 64-bit integers and every character as they came', async () => {
  const { status, text } = await post('{"keys":["\u00e9\u{1f6eb}\\u0000",1]}');
  expect({ status, value: JSON.parse(text) as unknown }).toEqual({
    status: 200,
    value: { keys: ['\u00e9\u{1f6eb}\u0000', 1] },
  });
  expect((await post('{"keys":[9007199254740993]}')).text).toContain('9007199254740993');
});

it.each<readonly [string, string | Buffer, RegExp]>([
  ['bytes that are no UTF-8', Buffer.from('7b226b657973223a5b22ff225d7d', 'hex'), /not valid for encoding utf-8/],
  ['a hundred thousand levels', `{"keys":${'['.repeat(100_000)}${']'.repeat(100_000)}}`, /nested too deeply/],
  ['a key twice', '{"keys":[1],"keys":[2]}', /Duplicate key 'keys'/],
  ['an unknown property', '{"keys":[1],"owner":"me"}', /additional properties: \"owner\"/],
  ['a prototype', '{"__proto__":{"keys":[1]}}', /\"__proto__\" is not a name/],
  ['a number out of range', '{"keys":[1e400]}', /1e400 is out of range/],
])('refuses %s', async (_title, body, problem) => {
  const { status, text } = await post(body);
  expect(status).toBe(400);
  expect(JSON.parse(text)).toMatchObject({ code: 'USAGE', detail: expect.stringMatching(problem) as unknown });
});
