// Counts what vitest ran, one line a result, written at once, so that a run that is cut short still has its numbers.
import { appendFileSync } from 'node:fs';

/** Appends `passed`, `failed` or `skipped` lines to the file that TEST_RESULTS names. */
export default class CountingReporter {
  #file = process.env.TEST_RESULTS;

  onTestCaseResult(testCase) {
    const { state } = testCase.result();
    this.#add(state === 'passed' || state === 'failed' ? state : 'skipped');
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
