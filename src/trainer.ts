/** Trains, as the child of a worker or of the command line: a request comes in over IPC, events go out. */
import { systemClock } from './base/clock.ts'
import { readEngineChoice } from './config.ts'
import { serveParent } from './training/trainer-child.ts'
import { createTrainerWork } from './training/trainer-work.ts'

if (process.send === undefined) {
  process.stderr.write('The trainer is a child of the worker or of the command line: kappa train --help.\n')
  process.exit(2)
}
serveParent(process, createTrainerWork(systemClock, readEngineChoice(process.env)))
