/**
 * An API server of Kubernetes as far as Jobs and Pods are kept in one: names, labels, selectors, pages, the status subresource, conflicts, and
 * objects that are held against the types of the published API. It has no controllers: whoever tests moves Jobs, as with a real API server
 * that is alone. It is not one: what only a real one would refuse, it takes.
 */
import { randomUUID } from 'node:crypto'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { problemsOf } from '../../src/launching/kubernetes-types.ts'

interface Metadata {
  name: string
  namespace: string
  uid: string
  resourceVersion: string
  labels?: Record<string, string>
}
interface Stored {
  readonly metadata: Metadata
  readonly spec?: unknown
  readonly status?: unknown
}

const KINDS = {
  jobs: { kind: 'Job', type: 'V1Job', apiVersion: 'batch/v1' },
  pods: { kind: 'Pod', type: 'V1Pod', apiVersion: 'v1' }
} as const
type Resource = keyof typeof KINDS

const PATH = /^\/(?:api\/v1|apis\/batch\/v1)\/namespaces\/([a-z0-9-]+)\/(jobs|pods)(?:\/([a-z0-9-]+))?(\/status)?$/
const NAME = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/
const LABEL = /^([A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?)?$/

class Refusal extends Error {
  readonly code: number
  constructor(code: number, message: string) {
    super(message)
    this.code = code
  }
}

export interface KubeApi {
  readonly url: string
  /** Answers like this before anything else is looked at; null for none. */
  refuse(refusal: { readonly code: number; readonly message: string } | null): void
  close(): Promise<void>
}

export async function startKubeApi(): Promise<KubeApi> {
  const objects = new Map<string, Stored>()
  let version = 0
  let refusal: { readonly code: number; readonly message: string } | null = null
  const next = () => String(++version)

  async function answer(request: IncomingMessage): Promise<unknown> {
    const url = new URL(request.url ?? '/', 'http://kube')
    if (refusal) throw new Refusal(refusal.code, refusal.message)
    const [, namespace, resource, name, subresource] = PATH.exec(url.pathname) ?? []
    if (!namespace || !resource) throw new Refusal(404, 'the server could not find the requested resource')
    const of = resource as Resource // by the expression
    const key = `${namespace}/${of}/${name}`
    if (request.method === 'POST') return create(of, namespace, await bodyOf(request, of))
    if (name === undefined) return list(of, namespace, url.searchParams)
    const known = objects.get(key)
    if (known === undefined) throw new Refusal(404, `${of}.batch "${name}" not found`)
    if (request.method === 'GET') return known
    if (request.method === 'DELETE') {
      objects.delete(key)
      for (const [other, { metadata }] of objects)
        if (metadata.labels?.['batch.kubernetes.io/job-name'] === name) objects.delete(other)
      return { kind: 'Status', apiVersion: 'v1', status: 'Success' }
    }
    if (request.method !== 'PUT') throw new Refusal(405, 'the server does not allow this method')
    const given = await bodyOf(request, of)
    const changed = subresource ? { ...known, status: given.status } : { ...known, spec: given.spec }
    const kept = { ...changed, metadata: { ...known.metadata, resourceVersion: next() } }
    objects.set(key, kept)
    return kept
  }

  function create(of: Resource, namespace: string, given: Stored): Stored {
    const { name, labels = {} } = given.metadata
    const wrong = Object.entries(labels).find(([, value]) => !LABEL.test(value))
    if (!NAME.test(name)) throw new Refusal(422, `${KINDS[of].kind} "${name}" is invalid: metadata.name`)
    if (wrong) throw new Refusal(422, `${KINDS[of].kind} "${name}" is invalid: metadata.labels: ${wrong[0]}`)
    const key = `${namespace}/${of}/${name}`
    if (objects.has(key)) throw new Refusal(409, `${of} "${name}" already exists`)
    const metadata = { ...given.metadata, namespace, uid: randomUUID(), resourceVersion: next() }
    const kept = { ...given, metadata, status: {} }
    objects.set(key, kept)
    return kept
  }

  function list(of: Resource, namespace: string, query: URLSearchParams) {
    const wanted = (query.get('labelSelector') ?? '')
      .split(',')
      .filter(Boolean)
      .map((one) => one.split('='))
    const found = [...objects]
      .filter(([key]) => key.startsWith(`${namespace}/${of}/`))
      .map(([, object]) => object)
      .filter(({ metadata }) => wanted.every(([label = '', value]) => metadata.labels?.[label] === value))
    const [from, limit] = [Number(query.get('continue') ?? 0), Number(query.get('limit') ?? 500)]
    const more = found.length > from + limit ? { continue: String(from + limit) } : {}
    const { kind, apiVersion } = KINDS[of]
    return {
      kind: `${kind}List`,
      apiVersion,
      metadata: { resourceVersion: String(version), ...more },
      items: found.slice(from, from + limit)
    }
  }

  const server = createServer((request, response) => {
    answer(request).then(
      (body) => send(response, request.method === 'POST' ? 201 : 200, body),
      (error: unknown) => {
        const { code, message } = error instanceof Refusal ? error : { code: 500, message: String(error) }
        send(response, code, { kind: 'Status', apiVersion: 'v1', status: 'Failure', message, code })
      }
    )
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo // of a TCP server that listens
  return {
    url: `http://127.0.0.1:${port}`,
    refuse(with_) {
      refusal = with_
    },
    close: () => closeServer(server)
  }
}

async function bodyOf(request: IncomingMessage, of: Resource): Promise<Stored> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk)
  const body: unknown = JSON.parse(Buffer.concat(chunks).toString())
  const problems = problemsOf(body, KINDS[of].type)
  if (problems.length > 0) throw new Refusal(400, `strict decoding error: ${problems.join(', ')}`)
  return body as Stored // by its type
}

function send(response: ServerResponse, code: number, body: unknown): void {
  response.writeHead(code, { 'content-type': 'application/json' }).end(JSON.stringify(body))
}

const closeServer = (server: Server): Promise<void> =>
  new Promise((resolve) => {
    server.close(() => resolve())
    server.closeAllConnections()
  })
