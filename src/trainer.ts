/** Trains: as the child of a worker, over IPC; or by itself, from the command line (`npm run train -- --help`). */
import { systemClock } from './base/clock.ts'
import { readEngineChoice } from './config.ts'
import { runTrainCommand } from './training/cli.ts'
import { serveParent } from './training/trainer-child.ts'
import { createTrainerWork } from './training/trainer-work.ts'

const work = createTrainerWork(systemClock, readEngineChoice(process.env))

if (process.send !== undefined) serveParent(process, work)
else process.exit(await runTrainCommand(process.argv.slice(2), work))
