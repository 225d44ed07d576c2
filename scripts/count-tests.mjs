// Prints `PASSED FAILED` for a JSON report of vitest and its exit code. A file that cannot be loaded counts as one failed
// test, and so does a run that fails without naming a test: nothing that went wrong goes uncounted.
import { readFileSync } from 'node:fs';

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
process.stdout.write(`${numPassedTests} ${failed === 0 && status !== '0' ? 1 : failed}\n`);
