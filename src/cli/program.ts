import { Command } from 'commander'
import { packageVersion } from '../package.ts'
import { addArtifact } from './artifact.ts'
import { addBuild } from './build.ts'
import { examples } from './context.ts'
import { addDemo } from './demo.ts'
import { addDoctor } from './doctor.ts'
import { addDown } from './down.ts'
import { addEvents } from './events.ts'
import { addInit } from './init.ts'
import { addLogs } from './logs.ts'
import { addPlan } from './plan.ts'
import { addReleases } from './releases.ts'
import { addRestart } from './restart.ts'
import { addResume } from './resume.ts'
import { addRun } from './run.ts'
import { addStack } from './stack.ts'
import { addStatus } from './status.ts'
import { addSuspend } from './suspend.ts'
import { addSync } from './sync.ts'
import { addUp } from './up.ts'
import { addValidate } from './validate.ts'
import { addVersion } from './version.ts'
import { addWebhook } from './webhook.ts'

/**
 * Every command of trimtab. Only commander is loaded here: each command brings the rest in when it runs, so that
 * `trimtab status` does not pay for a server and a database.
 */
export function createProgram(): Command {
  const program = new Command('trimtab')
    .description(
      'You set the course in git: commit app.yaml and a Procfile, and it runs; revert the commit, and the old version is back.',
    )
    .version(packageVersion(), '-V, --version')
    .option('--config <file>', "the platform's file", './platform.yaml')
    .configureHelp({ showGlobalOptions: true })
    .showHelpAfterError('(see --help)')
    // Thrown instead of exiting: main.ts decides about exit codes.
    .exitOverride()
    .addHelpText('after', examples('trimtab demo', 'trimtab init --platform && trimtab up'))
  addUp(program)
  addDemo(program)
  addInit(program)
  addValidate(program)
  addBuild(program)
  addArtifact(program)
  addWebhook(program)
  addPlan(program)
  addSync(program)
  addStatus(program)
  addReleases(program)
  addEvents(program)
  addLogs(program)
  addRun(program)
  addRestart(program)
  addSuspend(program)
  addResume(program)
  addDown(program)
  addStack(program)
  addDoctor(program)
  addVersion(program)
  return program
}
