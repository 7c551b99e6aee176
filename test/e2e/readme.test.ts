/** What the README says a new user can paste is pasted here. */
import assert from 'node:assert/strict'
import { execFile, execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { delimiter, dirname, resolve } from 'node:path'
import { it } from 'node:test'
import { promisify } from 'node:util'
import { startPlatform } from '../helpers/platform.ts'

const ROOT = resolve(import.meta.dirname, '../..')

function findMissing(): string | false {
  for (const command of ['bash', 'curl']) {
    try {
      execFileSync(command, ['--version'], { stdio: 'ignore' })
    } catch {
      return `${command} is not on this machine, so the README's calls were NOT tried`
    }
  }
  return false
}

function apiCalls(): string {
  const section = readFileSync(resolve(ROOT, 'README.md'), 'utf8').split('### First API calls')[1] ?? ''
  const blocks = [...section.matchAll(/```sh\n([\s\S]*?)```/g)].map((match) => match[1]!)
  return blocks.find((block) => block.includes('api()')) ?? assert.fail('the README has no block of API calls')
}

it("the README's API calls work exactly as written", { skip: findMissing() }, async (t) => {
  const platform = await startPlatform(t, {}, { hasDatabase: false })
  const env = {
    ...process.env,
    PATH: [dirname(process.execPath), process.env['PATH']].join(delimiter),
    KAPPA_URL: platform.url,
    KAPPA_API_KEY: platform.adminKey
  }
  const options = { cwd: ROOT, env, maxBuffer: 64 * 1024 * 1024 }
  const { stdout } = await promisify(execFile)('bash', ['-euo', 'pipefail', '-c', apiCalls()], options)
  assert.match(stdout, /^event: ?progress$/m)
  assert.match(stdout, /"object":"embedding"/)
  assert.match(stdout, /"angle_degrees":/)
  assert.match(stdout, /"histogram":/)
  assert.doesNotMatch(stdout, /urn:kappa:problem/)
})
