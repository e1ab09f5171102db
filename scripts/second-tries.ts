import type { Reporter, TestCase } from 'vitest/node';

/** Names the tests that passed on their second try only: each is a fault of the test or of the product. */
export default class SecondTries implements Reporter {
  readonly #names: string[] = [];

  onTestCaseResult(test: TestCase): void {
    if (test.diagnostic()?.flaky === true)
      this.#names.push(`${test.module.relativeModuleId}: ${test.fullName}`);
  }

  onTestRunEnd(): void {
    for (const name of this.#names) process.stdout.write(`passed on the second try only: ${name}\n`);
  }
}
