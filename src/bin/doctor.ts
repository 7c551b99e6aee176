/** `npm run doctor`: what `kappa doctor` says. */
import { runCommand } from '../cli/command.ts'
import { createDoctorCommand } from '../cli/doctor.ts'
import { readEngineChoice } from '../composition/config.ts'

const load = async () => createDoctorCommand(() => readEngineChoice(process.env))
process.exit(await runCommand('doctor', load, { args: process.argv.slice(2) }))
