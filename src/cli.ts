#!/usr/bin/env node
/** `kappa`: the lab on the command line. The platform has its own entries (npm start, npm run worker). */
import { spawnSync } from 'node:child_process'
import { resolve } from 'node:path'
import { systemClock } from './base/clock.ts'
import { readEngineChoice } from './config.ts'
import { INFERENCE_USAGE, runInferenceCommand } from './inference/cli.ts'
import { runTrainCommand } from './training/cli.ts'
import { createTrainerWork } from './training/trainer-work.ts'

const USAGE = `kappa COMMAND

  kappa train --images FOLDER --out FOLDER …     kappa train --help shows the rest
  kappa doctor                                   which engines this machine has, and how fast they are
${INFERENCE_USAGE}`

const [command = 'help', ...args] = process.argv.slice(2)

if (command === 'train') {
  const work = createTrainerWork(systemClock, readEngineChoice(process.env))
  process.exit(await runTrainCommand(args, work))
}
if (command === 'embed' || command === 'knn') process.exit(await runInferenceCommand(command, args))
if (command === 'doctor') {
  const doctor = resolve(import.meta.dirname, 'doctor.ts')
  process.exit(spawnSync(process.execPath, [doctor, ...args], { stdio: 'inherit' }).status ?? 1)
}
const isHelp = ['help', '--help', '-h'].includes(command)
process[isHelp ? 'stdout' : 'stderr'].write(USAGE)
process.exit(isHelp ? 0 : 2)
