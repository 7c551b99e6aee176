/**
 * Every field of every request of the document acts: with another value in it, and nothing else changed, something else comes of
 * the request. What a run is only told, and its worker has to obey, is looked at again in tasks/run-wishes.test.ts.
 */
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import type { Inference } from '../../../src/domain/ports.ts'
import { createTestApp, fakeInference, type TestApp } from '../../helpers/app.ts'
import { type Field, type Schema, type Schemas, toPointer } from '../../helpers/body-fields.ts'
import {
  type Effect,
  hasPlace,
  leavesOf,
  otherValue,
  whyIdle,
  whyUnsettled,
  withOther
} from '../../helpers/field-effects.ts'
import { whyNoPostgres } from '../../helpers/postgres.ts'
import { type Fixtures, listOperations, makeFixtures, type Operation, requestOf } from './every-operation.ts'
import type { FieldForm } from './field-form.ts'
import { fieldForms } from './field-forms.ts'
import { queryForms } from './field-queries.ts'
import { OTHER_VALUES } from './field-recipes.ts'
import { aFieldWorld, type FieldWorld } from './field-world.ts'

const skip = await whyNoPostgres()
const inference: Inference = {
  ...fakeInference,
  async assign(model, images, options) {
    const { results, timings } = await fakeInference.assign(model, images, options)
    // Of other images something else is said.
    return { results: results.map((one, i) => ({ ...one, entropy: images[i]?.at(-1) ?? 0 })), timings }
  }
}
const api = skip ? (undefined as unknown as TestApp) : await createTestApp({ after }, { inference })
const fixtures = skip ? (undefined as unknown as Fixtures) : await makeFixtures(api)
const world = skip ? (undefined as unknown as FieldWorld) : await aFieldWorld(api)
const forms = skip ? {} : fieldForms(api, world)
const queries = skip ? {} : await queryForms(api, world, fixtures)
const operations = skip ? [] : listOperations(api)

/** Checked as those of a run that is queued, but no part of the recipe and the estimate that are answered. */
const OF_A_QUEUED_RUN = [
  '/name',
  '/compute/max_runtime_s',
  '/compute/priority',
  '/checkpoint',
  '/alarms',
  '/evaluation',
  '/metadata'
]
const NO_EFFECT: Readonly<Record<string, readonly string[]>> = {
  validateRun: OF_A_QUEUED_RUN,
  validateFork: ['/name', ...OF_A_QUEUED_RUN.map((at) => `/overrides${at}`)],
  validateSweep: [...OF_A_QUEUED_RUN.map((at) => `/run${at}`), '/name', '/metadata', '/objective'],
  // OpenAI's clients send it, and the document says that it is not used.
  createEmbeddings: ['/user'],
  // Of bodies that are not JSON: open-inference.test.ts.
  inferModel: ['/inputs/0/parameters'],
  inferModelVersion: ['/inputs/0/parameters']
}

const ID = /\b(key|ds|up|run|ckpt|swp|mdl|eval|vec|file|batch|wh|msg|prj|req)_[0-9a-z]{26}\b/g
const TIME = /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z/g
const SECRET = /kappa_[0-9a-z]+_[0-9a-f]{48}|whsec_[\w+/=]+|\/v1\/objects\/[\w.-]+|"etag":"[^"]*"/g
const known: ReadonlySet<string> = new Set(JSON.stringify([fixtures, world]).match(ID) ?? [])

/** As it would be told of the same request again; what the request says itself stays. */
const settled = (text: string, asked: string, counts = /^$/): string =>
  text
    .replaceAll(ID, (id, kind: string) => (known.has(id) || asked.includes(id) ? id : `${kind}_new`))
    .replaceAll(TIME, (time) => (asked.includes(time) ? time : 'then'))
    .replaceAll(SECRET, 'secret')
    .replace(counts, 'so many')

async function effectOf(method: string, path: string, body?: object, { look, counts }: Partial<FieldForm> = {}) {
  const before = api.jobs.length
  const answer = await api.call(method, path, body && { body })
  const { status, text } = answer
  const jobs = JSON.stringify(api.jobs.slice(before))
  const asked = JSON.stringify(body ?? path)
  if (!look || status >= 300) return { status, text: settled(`${text} ${jobs}`, asked, counts) }
  // What it repeats of its request is nothing that came of it.
  const { run: _, ...said } = answer.json
  return { status, text: settled(`${JSON.stringify(said)} ${jobs} ${await look(said.id)}`, asked, counts) }
}

const otherOf = ({ others = {} }: FieldForm, body: object, { place, schema }: Field): unknown => {
  const pointer = toPointer(place)
  if (pointer in others) return others[pointer]
  const [, usual] = Object.entries(OTHER_VALUES).find(([end]) => pointer.endsWith(end)) ?? []
  return usual ?? otherValue(body, { place, schema })
}

/** Tries the fields of one operation. @param drops what a broken service would do with a body before it looks at it */
async function tryFields(operation: Operation, drops = (body: object): object => body) {
  const own = forms[operation.id] ?? []
  const usual = own.some(({ path }) => path === undefined) ? (await requestOf(api, operation, fixtures)).path : ''
  const send = async (form: FieldForm, change = (body: object): object => body): Promise<Effect> => {
    const { body, path = form.path ?? usual } = await form.make()
    return effectOf(operation.method, path, drops(change(body)), form)
  }
  const tried = await Promise.all(own.map(async (form) => ({ form, body: (await form.make()).body })))
  const bases = new Map<FieldForm, Effect | string>()
  for (const { form } of tried) {
    const base = await send(form)
    bases.set(form, whyUnsettled(base, await send(form)) ?? base)
  }
  return async (field: Field): Promise<string | null> => {
    const pointer = toPointer(field.place)
    const { form, body } = tried.find((one) => hasPlace(one.body, field.place)) ?? {}
    if (form === undefined || body === undefined) return `no form of ${operation.id} in field-forms.ts has it`
    const base = bases.get(form)
    if (typeof base !== 'object') return base ?? 'was not tried'
    const changed = await send(form, (sent) => withOther(sent, field.place, otherOf(form, sent, field)))
    const [, refused] =
      Object.entries(form.refused ?? {}).find(([at]) => pointer === at || pointer.startsWith(`${at}/`)) ?? []
    return whyIdle(base, changed, refused)
  }
}

const schemas = skip ? {} : (api.app.openApi['components'] as { schemas: Schemas }).schemas
const fieldsOf = ({ body }: Operation): Field[] => {
  const schema = body?.content['application/json']?.schema
  return schema ? leavesOf(schema, schemas) : []
}

for (const operation of operations.filter((one) => fieldsOf(one).length > 0)) {
  test(`${operation.id}: every field of the body acts`, { skip }, async () => {
    const whyIsIdle = await tryFields(operation)
    const idle: string[] = []
    for (const field of fieldsOf(operation)) {
      const pointer = toPointer(field.place)
      if (NO_EFFECT[operation.id]?.some((one) => `${pointer}/`.startsWith(`${one}/`))) continue
      const why = await whyIsIdle(field)
      if (why !== null) idle.push(`${pointer}: ${why}`)
    }
    assert.deepEqual(idle, [])
  })
}

interface Parameter {
  readonly name: string
  readonly in: string
  readonly schema: Schema
}

const parametersOf = ({ method, template }: Operation, place: string): Parameter[] => {
  const { parameters = [] } = (api.app.openApi.paths[template]?.[method.toLowerCase()] ?? {}) as {
    parameters?: Parameter[]
  } // as the document is built
  return parameters.filter((one) => one.in === place && one.schema.enum?.length !== 1)
}

for (const operation of operations.filter((one) => parametersOf(one, 'query').length > 0)) {
  const { id, method } = operation
  test(`${id}: every parameter of the query acts`, { skip }, async () => {
    const { path, body, needs = '', values, refused } = queries[id] ?? assert.fail(`${id} is not in field-queries.ts`)
    const pathOf = async () => (typeof path === 'string' ? path : path())
    const ask = async (query: string) => effectOf(method, `${await pathOf()}?${query}`, body)
    const base = await ask(needs)
    assert.equal(whyUnsettled(base, await ask(needs)), null)
    const isPaged = parametersOf(operation, 'query').some(({ name }) => name === 'after')
    const paging = isPaged ? { limit: '1', after: await cursorOf(await pathOf()) } : {}
    const all: Readonly<Record<string, string>> = { ...paging, ...values }
    for (const { name } of parametersOf(operation, 'query')) {
      const value = all[name] ?? assert.fail(`${id} has no value for ${name} in field-queries.ts`)
      const others = needs.startsWith(`${name}=`) || needs === '' ? '' : `${needs}&`
      const changed = await ask(`${others}${value.includes('=') ? value : `${name}=${encodeURIComponent(value)}`}`)
      assert.equal(whyIdle(base, changed, refused?.[name]), null, name)
    }
  })
}

const cursorOf = async (path: string): Promise<string> => (await api.call('GET', `${path}?limit=1`)).json.next_cursor

/** The path with something else in one place, which nobody has. */
function otherPath({ template, method }: Operation, path: string, name: string): string {
  const source = template.replaceAll(/[.*+?^$()|[\]\\]/g, '\\$&').replaceAll(/\{(\w+)\}/g, '(?<$1>[^/:?]+)')
  const { groups = {} } = new RegExp(`^${source}`).exec(path) ?? assert.fail(`${path} is no ${template}`)
  const value = groups[name] ?? ''
  const other = /^\d+$/.test(value) ? '999999' : `${value}${method.toLowerCase()}`
  return template.replaceAll(/\{(\w+)\}/g, (_, one: string) => (one === name ? other : (groups[one] ?? '')))
}

for (const operation of operations.filter((one) => parametersOf(one, 'path').length > 0)) {
  const { id, method } = operation
  test(`${id}: every parameter of the path acts`, { skip }, async () => {
    const usual = await requestOf(api, operation, fixtures)
    const made = await forms[id]?.[0]?.make()
    const { accept: _, ...headers } = { ...usual.headers } as Record<string, string>
    const body = made?.body ?? usual.body
    const ask = (at: string) => api.call(method, at, { headers, ...(body && { body }) })
    const path = made?.path ?? forms[id]?.[0]?.path ?? usual.path
    // Whoever makes an alias names it.
    const isThere = ({ name }: Parameter) => id !== 'putModelAlias' || name !== 'alias'
    for (const { name } of parametersOf(operation, 'path').filter(isThere)) {
      const { status, text } = await ask(otherPath(operation, path, name))
      assert.ok(status === 404 || status === 403, `${name}: ${status} ${text}`)
    }
    const { status, text } = await ask(path)
    assert.ok(status !== 404 && status !== 403, text)
  })
}

test('a field that is taken and dropped is found', { skip }, async () => {
  const operation = operations.find(({ id }) => id === 'createRun')!
  const field = fieldsOf(operation).find(({ place }) => toPointer(place) === '/compute/max_runtime_s')!
  assert.equal(await (await tryFields(operation))(field), null)
  const whyIsIdle = await tryFields(operation, (body) => ({ ...body, compute: {} }))
  assert.equal(await whyIsIdle(field), 'another value comes to the same')
})
