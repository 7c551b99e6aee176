/** Ends as a process of the platform does, and says so in a file: `node stopping-child.ts FILE`. */
import { writeFileSync } from 'node:fs'
import { onStop } from '../../src/processes/on-stop.ts'

const [file = ''] = process.argv.slice(2)
onStop(async () => writeFileSync(file, 'stopped'))
process.stdout.write(`${process.pid}\n`)
setInterval(() => {}, 1_000_000)
