import { expect, test } from 'vitest';
import { startCommand, type Outcome } from '../../e2e/support/command.ts';

const RED = '\u001b[31merror\u001b[39m';

const failing = (variables: NodeJS.ProcessEnv): Promise<Outcome> => startCommand(['plan'], '/', variables).outcome;

test('what is not read on a terminal has no colours, under continuous integration neither', async () => {
  expect((await failing({ CI: 'true' })).stderr).toMatch(
    /^error no asof\.config\.ts in \/ .* \[PROJECT_NOT_FOUND\]\n$/,
  );
});

test('who asks for colours has them', async () => {
  expect((await failing({ FORCE_COLOR: '1' })).stderr).toContain(RED);
});
