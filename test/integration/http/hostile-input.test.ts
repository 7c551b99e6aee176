/** What nobody should send, in every field of every operation: refused by name, and never a failure of ours. */
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import type { Answer } from '../../helpers/app.ts'
import { createTestApp, type TestApp } from '../../helpers/app.ts'
import { fieldsOf, type Schema, type Schemas, toPointer, writeBody } from '../../helpers/body-fields.ts'
import { hostileJson, hostileUrlTexts } from '../../helpers/hostile-values.ts'
import { whyNoPostgres } from '../../helpers/postgres.ts'
import { aReadyModel, aReadyVersion } from '../../helpers/records.ts'

interface Parameter {
  readonly name: string
  readonly in: 'path' | 'query' | 'header'
  readonly schema: Schema
}

interface OperationObject {
  readonly operationId: string
  readonly parameters: readonly Parameter[]
  readonly requestBody?: { readonly content: Readonly<Record<string, { readonly schema: Schema }>> }
}

interface Probe {
  readonly url: string
  readonly body?: string | Buffer
  readonly headers?: Readonly<Record<string, string>>
  /** The parameter or pointer that the problem must name; null where the request is not read that far. */
  readonly names: string | null
  /** HTTP lets a server ignore this value: it need not be refused. */
  readonly isIgnorable?: boolean
}

const skip = await whyNoPostgres()
const api = skip ? (undefined as unknown as TestApp) : await createTestApp({ after })
const version = skip ? null : await aReadyVersion(api, api.projectId)
const model = skip ? null : await aReadyModel(api.stores, api.projectId)
const run = skip
  ? ''
  : (await api.call('POST', '/v1/runs', { body: { dataset: version?.datasetId, method: 'dino-vmf', preset: 'demo' } }))
      .json.id

const grid = { seed: [0, 1] }
const sweep = skip
  ? ''
  : (await api.call('POST', '/v1/sweeps', { body: { run: { dataset: version?.datasetId, preset: 'demo' }, grid } }))
      .json.id

/** Things that exist: a probe must not end at "not found" before its field is looked at. */
const known = (path: string, name: string): string => {
  if (name === 'version') return '1'
  if (name === 'index') return '0'
  if (name === 'id' && path.startsWith('/v1/datasets')) return version?.datasetId ?? ''
  if (name === 'id' && path.startsWith('/v1/models')) return model?.id ?? ''
  if (name === 'id' && path.startsWith('/v1/sweeps')) return sweep
  return name === 'id' && path.startsWith('/v1/runs') ? run : 'unknown'
}

const fill = (path: string, own: Readonly<Record<string, string>> = {}): string =>
  path.replaceAll(/\{(\w+)\}/g, (_, name: string) => own[name] ?? known(path, name))

/** Bytes that no text of a URL can mean are refused with the whole address. */
const isUndecodable = (text: string): boolean => {
  try {
    decodeURIComponent(text)
    return false
  } catch {
    return true
  }
}

function* pathProbes(path: string, { name, schema }: Parameter): Generator<Probe> {
  for (const text of hostileUrlTexts(schema).filter((one) => one !== '')) {
    // What a verb follows is matched by the router: other text is another route.
    const isRouted = !path.includes(`{${name}}:`)
    yield { url: fill(path, { [name]: text }), names: isUndecodable(text) || !isRouted ? null : name }
  }
}

function* queryProbes(path: string, { name, schema }: Parameter): Generator<Probe> {
  const at = fill(path)
  const takesSeveral = schema.anyOf?.some(({ type }) => type === 'array') ?? false
  const twice = takesSeveral ? '%00' : '2'
  yield { url: `${at}?${name}=1&${name}=${twice}`, names: name }
  if (!schema.patternProperties) {
    for (const text of hostileUrlTexts(schema)) yield { url: `${at}?${name}=${text}`, names: name }
    return
  }
  for (const text of ['%00', '%ff', '%ed%a0%80', 'x'.repeat(600)]) {
    yield { url: `${at}?${name}[team]=${text}`, names: `${name}/team` }
    yield { url: `${at}?${name}[${text}]=x`, names: `${name}/` }
  }
}

const HEADERS: Readonly<Record<string, readonly string[]>> = {
  'idempotency-key': ['', 'with space', 'ümlaut', 'x'.repeat(256), 'a, a'],
  'last-event-id': ['x', '-1', '1.5', '99999999999999999999', '1e3', '0x1', '1,2']
}
/** Of headers about bytes and their versions: what cannot be read counts as not sent, unless the route refuses it. */
const OTHER_HEADERS = [
  ...['', 'x', '-1', '1e400', '99999999999999999999', '"', 'W/', 'W/"', '*, *', 'ümlaut', 'x'.repeat(5000)],
  ...['bytes=', 'bytes=-', 'bytes=5-1', 'bytes=a-b', 'bytes=0-99999999999999999999', 'bytes=0-0,0-0,-1', 'lines=1-2']
]

function* headerProbes(url: string, body: string | undefined, parameter: Parameter): Generator<Probe> {
  const name = parameter.name.toLowerCase()
  const own = HEADERS[name]
  for (const value of own ?? OTHER_HEADERS) {
    const sent = { url, headers: { [name]: value }, ...(body !== undefined && { body }) }
    yield own ? { ...sent, names: parameter.name } : { ...sent, names: null, isIgnorable: true }
  }
}

function* bodyProbes(url: string, given: Schema, schemas: Schemas): Generator<Probe> {
  const fields = fieldsOf(given, schemas)
  for (const { body, place, schema } of fields) {
    const pointer = toPointer(place)
    const isObject = schema.type === 'object'
    const values = isObject || schema.type === 'array' ? ['7', 'true'] : hostileJson(schema)
    for (const source of values) yield { url, body: writeBody(body, place, source), names: pointer }
    if (!isObject) continue
    for (const name of ['a\\u0000b', '\\ud800', 'x'.repeat(1000), 'a\\nb', '__proto__']) {
      yield { url, body: writeBody(body, place, `{"${name}": {"deep": 1}}`), names: `${pointer}/` }
    }
  }
  const whole = JSON.stringify(fields[0]?.body)
  const at = whole.indexOf('":"') + 3
  const bytes = (text: Buffer) => Buffer.concat([Buffer.from(whole.slice(0, at)), text, Buffer.from(whole.slice(at))])
  for (const hex of ['ff', 'c080', 'eda080', 'e282', 'f4908080'])
    yield { url, body: bytes(Buffer.from(hex, 'hex')), names: null }
  const wholes = [
    '',
    'null',
    'NaN',
    '{',
    `${whole}x`,
    `\ufeff${whole}`,
    '['.repeat(100_000),
    '{"a":'.repeat(100_000),
    '\0'
  ]
  for (const body of [...wholes, Buffer.from(whole, 'utf16le')]) yield { url, body, names: null }
}

function* probesOf(path: string, { parameters, requestBody }: OperationObject, schemas: Schemas): Generator<Probe> {
  const schema = requestBody?.content['application/json']?.schema
  const url = fill(path)
  const body = schema && JSON.stringify(fieldsOf(schema, schemas)[0]?.body)
  for (const one of parameters) {
    if (one.in === 'path') yield* pathProbes(path, one)
    if (one.in === 'query') yield* queryProbes(path, one)
    if (one.in === 'header') yield* headerProbes(url, body, one)
  }
  if (parameters.some((one) => one.in === 'query')) yield { url: `${url}?%00=1`, names: '\ufffd' }
  if (schema) yield* bodyProbes(url, schema, schemas)
}

interface Finding {
  readonly pointer?: string
  readonly parameter?: string
}

function judge(answer: Answer, { names, isIgnorable = false }: Probe): void {
  const { status, headers, text } = answer
  assert.ok((status >= 400 || isIgnorable) && status < 500, `${status} ${text.slice(0, 300)}`)
  assert.ok(headers['x-request-id'])
  if (status < 400 || text === '') return // HEAD says the status alone
  assert.match(headers['content-type'] ?? '', /^application\/problem\+json/)
  const { json } = answer
  assert.equal(typeof json.code, 'string')
  if (names === null) return
  assert.ok(status === 400 || status === 422, `${status} ${text.slice(0, 300)}`)
  const found = ((json.errors ?? []) as Finding[]).map(({ pointer, parameter }) => pointer ?? parameter ?? '')
  const isNamed = found.some((one) => one === names || one.startsWith(names.endsWith('/') ? names : `${names}/`))
  assert.ok(isNamed, `${names} is not named: ${text.slice(0, 400)}`)
}

const counts = { probes: 0 }

if (!skip) {
  const { paths, components } = api.app.openApi as unknown as {
    readonly paths: Readonly<Record<string, Readonly<Record<string, OperationObject>>>>
    readonly components: { readonly schemas: Schemas }
  }
  for (const [path, methods] of Object.entries(paths)) {
    for (const [method, operation] of Object.entries(methods)) {
      test(`${operation.operationId} refuses every hostile value by the name of its field`, async () => {
        for (const probe of probesOf(path, operation, components.schemas)) {
          counts.probes += 1
          const { url, body, headers = {} } = probe
          const shown = `${method} ${url.slice(0, 200)} ${JSON.stringify(headers)} ${String(body ?? '').slice(0, 600)}`
          try {
            const type = body === undefined ? {} : { 'content-type': 'application/json' }
            const answer = await api.call(method.toUpperCase(), url, { body, headers: { ...type, ...headers } })
            judge(answer, probe)
          } catch (error) {
            throw new Error(shown, { cause: error })
          }
        }
      })
    }
  }
}

test('thousands of values were tried', { skip }, () => {
  assert.ok(counts.probes > 2000, `${counts.probes}`)
})
