/** Trains, as the child of a worker or of the command line: a request comes in over IPC, events go out. */
import { systemClock } from '../base/clock.ts'
import { readEngineChoice } from '../composition/config.ts'
import { createTrainerWork } from '../composition/trainer-work.ts'
import { serveParent } from '../protocol/trainer-child.ts'

if (process.send === undefined) {
  process.stderr.write('The trainer is a child of the worker or of the command line: kappa train --help.\n')
  process.exit(2)
}
serveParent(process, createTrainerWork(systemClock, readEngineChoice(process.env)))
