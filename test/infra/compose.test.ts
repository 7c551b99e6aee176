import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { test } from 'node:test'
import { parse } from 'yaml'
import { imageOf, inOrder, interpolate, readCompose } from './compose-file.ts'
import { configOf, parseDockerfile } from './docker/dockerfile.ts'

const ROOT = resolve(import.meta.dirname, '../..')
const INFRA = resolve(ROOT, 'infra')
const read = (path: string) => readFileSync(resolve(ROOT, path), 'utf8')
const anything = new Proxy({}, { get: (_, name) => String(name).toLowerCase() })
const file = readCompose(anything)

test('a variable without a value stops, with what to do, unless it has a default', () => {
  const variable = (text: string) => `$\{${text}}`
  assert.equal(interpolate(`a ${variable('A:-b')} ${variable('C:-')}`, { A: '' }), 'a b ')
  assert.throws(() => interpolate(variable('A:?run it'), {}), /run it/)
})

test('every secret comes from infra/.env and none has a default', () => {
  const script = read('infra/compose-env.sh')
  const asked = [...read('infra/compose.yaml').matchAll(/\$\{(\w+):\?/g)].map(([, name]) => name!)
  assert.ok(asked.includes('KAPPA_ADMIN_KEY'))
  for (const name of new Set(asked)) assert.match(script, new RegExp(`^${name}=`, 'm'), name)
})

test('every variable that our services are given is one that Kappa or an SDK reads', () => {
  const known = read('.env.example')
  for (const [name, service] of Object.entries(file.services)) {
    const image = imageOf(service)
    if (image === null) continue
    for (const key of Object.keys({ ...image.env, ...service.environment })) {
      const isOfOthers = /^(AWS_|NVIDIA_|NODE_ENV$)/.test(key)
      assert.ok(isOfOthers || known.includes(`\n${key}=`), `${name}: ${key}`)
    }
  }
})

test('our services write nothing but their volume and memory, and may do nothing that a user may not', () => {
  const dockerfile = parseDockerfile(read('infra/docker/Dockerfile'))
  for (const [name, service] of Object.entries(file.services)) {
    if (imageOf(service) === null) continue
    assert.equal(service.read_only, true, name)
    assert.match(String(service.tmpfs), /^\/tmp/, name)
    if (service.build) assert.ok(configOf(service.build.target, dockerfile).cmd.length > 0, name)
  }
})

test('no service of ours or of others has a capability, or comes by one', () => {
  for (const [name, service] of Object.entries(file.services)) {
    assert.deepEqual([service.cap_drop, service.cap_add], [['ALL'], undefined], name)
    assert.deepEqual(service.security_opt, ['no-new-privileges:true'], name)
    assert.equal(service.privileged, undefined, name)
  }
})

test('every worker has a volume and a name of its own, and time to save a checkpoint', () => {
  const workers = Object.entries(file.services).filter(([name]) => name.startsWith('worker'))
  assert.equal(workers.length, 2)
  assert.equal(new Set(workers.flatMap(([, { volumes }]) => volumes)).size, 2)
  for (const [name, { environment, stop_grace_period }] of workers) {
    assert.equal(environment?.['KAPPA_WORKER_NODE'], name)
    assert.equal(stop_grace_period, '150s')
  }
})

test('ports are open to this machine alone, and files that are mounted are there', () => {
  for (const [name, { ports = [], volumes = [] }] of Object.entries(file.services)) {
    for (const port of ports) assert.match(port, /^127\.0\.0\.1:/, name)
    for (const volume of volumes) {
      const source = volume.split(':')[0]!
      assert.ok(source.startsWith('.') ? existsSync(resolve(INFRA, source)) : source in file.volumes, volume)
    }
  }
})

test('API and workers wait for the schema and the bucket', () => {
  const order = inOrder(file)
  for (const name of ['api', 'worker-1', 'worker-2'])
    for (const before of ['postgres', 's3', 'bucket', 'migrate'])
      assert.ok(order.indexOf(before) < order.indexOf(name), `${before} before ${name}`)
})

test('the alerts are those of docs/operating.md, in its order', () => {
  const section = read('docs/operating.md').split('### Alerts')[1]!.split('\n### ')[0]!
  const documented = [...section.matchAll(/^\| ([a-z][^|]*) \|/gm)].map(([, title]) => title!).slice(1)
  const { groups } = parse(read('infra/prometheus/alerts.yml'))
  const rules: { annotations: { title: string } }[] = groups[0].rules
  assert.deepEqual(
    rules.map(({ annotations }) => annotations.title),
    documented
  )
})
