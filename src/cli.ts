#!/usr/bin/env node
/** `kappa`: the lab on the command line. The platform has its own entries (npm start, npm run worker). */
import { systemClock } from './base/clock.ts'
import { INFERENCE_USAGE, runInferenceCommand } from './inference/cli.ts'
import { runTrainCommand } from './training/cli.ts'
import { createTrainerWork } from './training/trainer-work.ts'

const USAGE = `kappa COMMAND

  kappa train --images FOLDER --out FOLDER …     kappa train --help shows the rest
${INFERENCE_USAGE}`

const [command = 'help', ...args] = process.argv.slice(2)

if (command === 'train') process.exit(await runTrainCommand(args, createTrainerWork(systemClock)))
if (command === 'embed' || command === 'knn') process.exit(await runInferenceCommand(command, args))
const isHelp = ['help', '--help', '-h'].includes(command)
process[isHelp ? 'stdout' : 'stderr'].write(USAGE)
process.exit(isHelp ? 0 : 2)
