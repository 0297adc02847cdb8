/** Tells each file as it ends, each failure in full, each skip with its reason, and the sums on the last line. */
export default class Reporter {
  passed = 0
  failures = []
  skips = []
  flaky = []

  onTestCaseResult(test) {
    const { state, errors, note } = test.result()
    if (state === 'passed') this.passed++
    if (state === 'passed' && test.diagnostic()?.flaky) this.flaky.push(nameOf(test))
    if (state === 'failed') this.failures.push({ name: nameOf(test), errors: errors ?? [] })
    if (state === 'skipped') this.skips.push({ name: nameOf(test), reason: note ?? 'no reason given' })
  }

  onTestModuleEnd(module) {
    for (const suite of [module, ...module.children.allSuites()]) {
      const errors = suite.errors()
      const name = suite === module ? module.relativeModuleId : nameOf(suite)
      if (errors.length > 0) this.failures.push({ name, errors })
    }
    const seconds = (module.diagnostic().duration / 1000).toFixed(1)
    console.log(`${module.ok() ? 'ok    ' : 'FAILED'} ${module.relativeModuleId} (${seconds} s)`)
  }

  onTestRunEnd(_modules, unhandled) {
    for (const error of unhandled) this.failures.push({ name: 'outside of any test', errors: [error] })
    for (const { name, errors } of this.failures) {
      console.log(`\nFAILED ${name}`)
      for (const error of errors) console.log(`${error.stack ?? error.message}${error.diff ? `\n${error.diff}` : ''}`)
    }
    for (const name of this.flaky) console.log(`passed only when tried again: ${name}`)
    if (this.skips.length > 0) console.log('')
    for (const { name, reason } of this.skips) console.log(`skipped ${name}: ${reason}`)
    const failed = this.failures.length
    console.log(`\n${this.passed} passed, ${failed} failed, ${this.skips.length} skipped`)
    if (failed > 0 || this.passed === 0) process.exitCode = 1
  }
}

function nameOf(test) {
  return `${test.module.relativeModuleId} > ${test.fullName}`
}
