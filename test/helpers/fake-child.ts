/**
 * A child of no particular kind. Its arguments say what it does at once: `print TEXT`, `complain TEXT`, `say TYPE`, `exit N`,
 * `deaf` (to SIGTERM), `note FILE` (adds its pid to it), `farewell FILE` (does so at SIGTERM, and ends). A message is
 * answered with `{ type: 'echo', message }`; `{ end: N }` ends it.
 */
import { appendFileSync } from 'node:fs'

const keptAlive = setInterval(() => {}, 1000)
const args = process.argv.slice(2)
const end = (code: number) => {
  clearInterval(keptAlive)
  process.exitCode = code
  process.disconnect?.()
}

process.on('disconnect', () => process.exit())
process.on('message', (message: { readonly end?: number }) => {
  if (message.end === undefined) process.send?.({ type: 'echo', message })
  else end(message.end)
})
for (const [i, word] of args.entries()) {
  const value = args[i + 1] ?? ''
  if (word === 'print') process.stdout.write(`${value}\n`)
  if (word === 'complain') process.stderr.write(`${value}\n`)
  if (word === 'say') process.send?.({ type: value, env: process.env['FAKE'] ?? null, execArgv: process.execArgv })
  if (word === 'deaf') process.on('SIGTERM', () => {})
  if (word === 'note') appendFileSync(value, `${process.pid}\n`)
  if (word === 'farewell') {
    process.on('SIGTERM', () => {
      appendFileSync(value, `${process.pid}\n`)
      end(0)
    })
  }
  if (word === 'exit') end(Number(value))
}
