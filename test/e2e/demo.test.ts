/** `npm run demo` from its first line to its last; 0 epochs, so that both networks are the untrained one. */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { resolve } from 'node:path'
import { it } from 'node:test'
import { promisify } from 'node:util'

const ROOT = resolve(import.meta.dirname, '../..')

it('the demo uploads, trains, embeds, searches, assigns and inspects', async () => {
  const { stdout } = await promisify(execFile)(process.execPath, ['src/bin/demo.ts', '--epochs', '0'], { cwd: ROOT })
  const accuracy = (name: string) => Number(stdout.match(new RegExp(`${name} .* (\\d+\\.\\d) %`))?.[1])
  assert.equal(accuracy('raw pixels'), 81.8) // what PyTorch gets on the same split: method notes, small recipe
  assert.ok(accuracy('untrained backbone') > 60)
  assert.equal(accuracy('trained backbone'), accuracy('untrained backbone'))
  assert.equal(stdout.match(/cosine 0\.\d{4}$/gm)?.length, 5)
  assert.equal(stdout.match(/^ {2}prototype +\d+ /gm)?.length, 10)
  assert.match(stdout, /of 256 prototypes win one of 9000 training images/)
  assert.match(stdout, /^ {2}component +\d+ .* half lie within \d+\.\d° of its direction/m)
  assert.match(stdout, /p50 40\.0/) // every norm is 1 at the start: kappa = 1 / 0.025
  assert.match(stdout, /Done in \d/)
})
