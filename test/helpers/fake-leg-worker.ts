/** Stands in for a worker of one leg: is up when its file is there, and ends when it is told to. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'

const folder = process.env['KAPPA_TEST_FOLDER']
if (folder) {
  const endsWith = (code: number) => () => process.exit(code)
  process.on('SIGTERM', endsWith(0))
  process.on('SIGUSR2', endsWith(0))
  process.on('SIGHUP', endsWith(3))
  process.on('disconnect', endsWith(0))
  writeFileSync(join(folder, String(process.pid)), process.env['KAPPA_WORKER_RUN'] ?? '')
  setInterval(() => {}, 60_000)
}
