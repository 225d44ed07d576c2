/** Every mistake in definitions ends with exit code 2, says where it is and how to mend it, and changes nothing. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createPaymentsProject, PAYMENT_DEFINITIONS } from './support/payments-project.ts';
import type { Failure, Project } from './support/project.ts';

/** Title, text of the good definitions, what stands in its place, and what the message must say. */
type Mistake = readonly [string, string | RegExp, string, RegExp];

const VIEW = 'entities: [account], source: payments, online: true,';
const AMOUNT = "sum('amount', { window: '7d', default: 0n })";

const MISTAKES: readonly Mistake[] = [
  [
    'unknown column',
    AMOUNT,
    "sum('amuont', { window: '7d' })",
    /view account_payments, feature amount_7d: source payments has no column "amuont"; did you mean "amount"\?/,
  ],
  [
    'wrong type',
    AMOUNT,
    "sum('note', { window: '7d' })",
    /view account_payments, feature amount_7d: column "note" is string; sum reads int64 or float64/,
  ],
  [
    'duplicate name',
    "featureView('latest_payment'",
    "featureView('account_payments'",
    /view account_payments: features\.ts has another view of this name; rename one of them/,
  ],
  [
    'unknown entity',
    VIEW,
    "entities: ['acount'], source: payments, online: true,",
    /view account_payments, entities: unknown entity "acount"; give the result of entity\(…\)/,
  ],
  ['ttl of 0', "ttl: '30d'", "ttl: '0d'", /view latest_payment, ttl: "0d" is not a valid value; write a positive/],
  [
    'bad duration',
    AMOUNT,
    "sum('amount', { window: '7 days' })",
    /view account_payments, feature amount_7d, window: "7 days" is not a duration; write a positive whole number/,
  ],
  [
    'cyclic derived views',
    'export const everything',
    `const circle = [headroom];
export const first = derivedView('first', { inputs: circle, features: { x: numeric() }, compute: () => ({ x: 1 }) });
export const second = derivedView('second', { inputs: [first], features: { x: numeric() }, compute: () => ({ x: 1 }) });
circle.push(second);
export const everything`,
    /view first: it is cyclic: first → second → first; let one of them read its inputs from elsewhere/,
  ],
  [
    'missing timestamp',
    "timestamp: 'paid_at',",
    '',
    /source payments, timestamp: the option "timestamp" is missing; name the column that says when/,
  ],
  [
    'name collision',
    'features: [accountPayments, latestPayment, pairLatest, headroom]',
    "features: [accountPayments, accountPayments.pick('recent')]",
    /service everything: the output column account_payments__recent comes twice; /,
  ],
  [
    'key of another type',
    "keys: { account_id: 'int64' }",
    "keys: { account_id: 'string' }",
    /view \w+, key account_id: column "account_id" of source payments is int64, but entity account declares string; /,
  ],
  [
    'resolution above the window',
    AMOUNT,
    "sum('amount', { window: '1h', resolution: '1d' })",
    /view account_payments, feature amount_7d, resolution: the resolution 1d is above the window 1h; give at most 1h/,
  ],
];

let project: Project;
beforeAll(async () => {
  project = createPaymentsProject();
  await project.run('dev', '--detach');
  await project.run('apply', '--yes');
});
afterAll(() => project.close());

/** Holds that `apply` with these definitions fails as a whole. */
async function refuse(definitions: string): Promise<Failure> {
  expect(definitions).not.toBe(PAYMENT_DEFINITIONS);
  project.write('features.ts', definitions);
  const error = await project.fail(2, 'apply', '--yes');
  project.write('features.ts', PAYMENT_DEFINITIONS);
  expect(await project.run('plan')).toMatchObject({ base: 1, changes: [] });
  return error;
}

describe('apply refuses', () => {
  it.each(MISTAKES)('%s', async (_title, good, bad, expected) => {
    const error = await refuse(PAYMENT_DEFINITIONS.replace(good, () => bad));
    expect(error.code).toBe('DEFINITIONS_INVALID');
    expect(error.message).toMatch(/^features\.ts: /);
    expect(error.message).toMatch(expected);
  });

  it('what does not compile', async () => {
    const error = await refuse(
      PAYMENT_DEFINITIONS.replace('export const account =', 'export const account ='.slice(0, -2)),
    );
    expect(error.code).toBe('DEFINITIONS_UNLOADABLE');
    expect(error.message).toContain('features.ts');
  });

  it('what ends the process', async () => {
    const error = await refuse(`${PAYMENT_DEFINITIONS}\nprocess.exit(0);\n`);
    expect(error.code).toBe('DEFINITIONS_UNLOADABLE');
  });

  it('what fails when nobody waits for it any more, in one document', async () => {
    project.write('features.ts', `${PAYMENT_DEFINITIONS}\nvoid Promise.reject(new Error('too late'));\n`);
    expect(await project.fail(1, 'plan')).toMatchObject({ code: 'INTERNAL', message: 'too late' });
    project.write('features.ts', PAYMENT_DEFINITIONS);
  });
});
