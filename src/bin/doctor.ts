/** `npm run doctor`: what `kappa doctor` says. */
import { runCommand } from '../cli/command.ts'
import { DOCTOR } from '../cli/doctor.ts'

process.exit(await runCommand('doctor', async () => DOCTOR, { args: process.argv.slice(2) }))
