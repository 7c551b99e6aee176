#!/usr/bin/env node
// `kappa` from anywhere: runs cli.ts on this Node if it is new enough, else on the one that npm ci put beside the project.
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const NEEDED = [22, 18]
const [major, minor] = process.versions.node.split('.').map(Number)
const isNewEnough = major > NEEDED[0] || (major === NEEDED[0] && minor >= NEEDED[1])
const bundled = fileURLToPath(new URL('../../node_modules/.bin/node', import.meta.url))

if (isNewEnough) await import('./cli.ts')
else if (!existsSync(bundled)) await import('./check-node.mjs')
else {
  const cli = fileURLToPath(new URL('./cli.ts', import.meta.url))
  const child = spawn(bundled, [cli, ...process.argv.slice(2)], { stdio: 'inherit' })
  // A terminal sends Ctrl-C to both; whoever kills this process alone means the one that works.
  process.on('SIGINT', () => {})
  for (const signal of ['SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal))
  child.on('exit', (code, signal) => {
    if (signal === null) process.exit(code)
    process.removeAllListeners(signal)
    process.kill(process.pid, signal)
  })
}
