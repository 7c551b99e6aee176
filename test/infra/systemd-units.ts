/** systemd-analyze verify on the units that are named, as if this checkout were /opt/kappa: it asks whether the program is there. */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'

const folder = mkdtempSync(join(tmpdir(), 'kappa-units-'))
try {
  const units = process.argv.slice(2).map((path) => {
    const unit = join(folder, basename(path))
    writeFileSync(unit, readFileSync(path, 'utf8').replaceAll('/opt/kappa/node_modules/.bin/node', process.execPath))
    return unit
  })
  const { status, stderr } = spawnSync('systemd-analyze', ['verify', '--man=no', ...units], { encoding: 'utf8' })
  // It ends with 0 for a key that it does not know, and says so.
  const complaints = stderr.split('\n').filter((line) => line.includes(folder) || /^kappa\S*\.service:/.test(line))
  process.stderr.write(complaints.map((line) => `${line}\n`).join(''))
  if (status !== 0 || complaints.length > 0) process.exitCode = 1
} finally {
  rmSync(folder, { recursive: true })
}
