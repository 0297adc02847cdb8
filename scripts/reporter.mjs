/** Tells each file as it ends, with its failures in full; then the name of each failure, each skip with its reason, and the sums on the last line. */
export default class Reporter {
  passed = 0
  failures = []
  skips = []
  flaky = []

  onTestCaseResult(test) {
    const { state, errors, note } = test.result()
    if (state === 'passed') this.passed++
    if (state === 'passed' && test.diagnostic()?.flaky) this.flaky.push({ name: nameOf(test), errors: errors ?? [] })
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
    this.tell()
  }

  /** What has failed since it was last asked: a run that is cut short has told it, too. */
  tell() {
    const told = (one, how) => {
      if (one.told) return
      one.told = true
      console.log(`\n${how} ${one.name}`)
      for (const error of one.errors) console.log(textOf(error))
      console.log('')
    }
    for (const one of this.failures) told(one, 'FAILED')
    for (const one of this.flaky) told(one, 'failed, and passed when tried again:')
  }

  onTestRunEnd(_modules, unhandled) {
    for (const error of unhandled) this.failures.push({ name: 'outside of any test', errors: [error] })
    this.tell()
    for (const { name } of this.failures) console.log(`FAILED ${name}`)
    for (const { name } of this.flaky) console.log(`passed only when tried again: ${name}`)
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

/** The stack of a test that took too long is where the test was declared, and does not say that it did. */
function textOf({ message, stack = '', diff = '' }) {
  const own = stack.replace(/^ +at .*\/node_modules\/.*\n?/gm, '').trimEnd()
  return [own.includes(message) ? '' : message, own, diff].filter(Boolean).join('\n')
}
