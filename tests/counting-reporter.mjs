// Counts what vitest ran, one line a result, and says why a test failed, each at once, so that a run that is cut short still has both.
import { appendFileSync } from 'node:fs';

/** Appends `passed`, `failed` or `skipped` lines to the file that TEST_RESULTS names. */
export default class CountingReporter {
  #file = process.env.TEST_RESULTS;

  onTestCaseResult(testCase) {
    const { state, errors = [] } = testCase.result();
    this.#add(state === 'passed' || state === 'failed' ? state : 'skipped');
    for (const error of errors) console.log(`${testCase.fullName}: ${reasons(error)}`);
  }

  /** What failed outside of any test: a file that couldn't be loaded, a hook. */
  onTestModuleEnd(testModule) {
    const suites = [testModule, ...testModule.children.allSuites()];
    for (const suite of suites) {
      if (suite.errors().length > 0) this.#add('failed');
    }
  }

  onTestRunEnd(_modules, unhandledErrors) {
    for (const _error of unhandledErrors) this.#add('failed');
  }

  #add(result) {
    appendFileSync(this.#file, `${result}\n`);
  }
}

/** An error and what it was because of. */
function reasons(error) {
  return `${error?.stack ?? error?.message ?? String(error)}${error?.cause === undefined ? '' : `\nbecause of ${reasons(error.cause)}`}`;
}
