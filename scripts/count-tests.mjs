// Prints `PASSED FAILED` for a JSON report of vitest and its exit code, then the failed tests, a line each. A file that
// cannot be loaded counts as one failed test, and so does a run that fails without naming a test: nothing that went wrong
// goes uncounted.
import { readFileSync } from 'node:fs';
import path from 'node:path';

const [file, status] = process.argv.slice(2);

function readReport() {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    return { numPassedTests: 0, numFailedTests: 0, testResults: [] };
  }
}

const { numPassedTests, numFailedTests, testResults } = readReport();
const unloadable = testResults.filter(
  ({ status: outcome, assertionResults }) =>
    outcome === 'failed' && !assertionResults.some((test) => test.status === 'failed'),
);
const failed = numFailedTests + unloadable.length;
const unnamed = failed === 0 && status !== '0' ? 1 : 0;
const names = testResults.flatMap(({ name, assertionResults }) =>
  assertionResults
    .filter((test) => test.status === 'failed')
    .map(({ fullName }) => `${path.relative('.', name)}: ${fullName.replaceAll('\n', ' ')}`),
);
const lines = [
  `${numPassedTests} ${failed + unnamed}`,
  ...names,
  ...unloadable.map(({ name }) => `${path.relative('.', name)}: could not be loaded`),
  ...(unnamed === 1 ? [`vitest ended with ${status} without naming a test`] : []),
];
process.stdout.write(`${lines.join('\n')}\n`);
