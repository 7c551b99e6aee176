/**
 * Ray's Jobs interface, as much as a launcher sees of it. Statuses, codes and sentences were recorded from Ray 2.60.0; its stacks are cut to
 * their last line.
 */
import { once } from 'node:events'
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

interface RecordedJob {
  readonly type: 'SUBMISSION'
  readonly submission_id: string
  readonly entrypoint: string
  status: string
  message: string | null
  driver_exit_code: number | null
  readonly start_time: number
  end_time: number | null
  readonly runtime_env: { readonly env_vars?: Readonly<Record<string, string>> }
  readonly metadata: Readonly<Record<string, string>>
}

const PENDING =
  'Job has not started yet. It may be waiting for resources (CPUs, GPUs, memory, custom resources) to become available. It may be waiting for the runtime environment to be set up.'

export interface RayApi {
  readonly url: string
  readonly jobs: Map<string, RecordedJob>
  /** Bodies of what was submitted, also of what was refused. */
  readonly submitted: Readonly<Record<string, unknown>>[]
  end(name: string, status: 'SUCCEEDED' | 'FAILED' | 'STOPPED', message: string, exitCode?: number): void
  close(): Promise<void>
}

export async function startRayApi(): Promise<RayApi> {
  const jobs = new Map<string, RecordedJob>()
  const submitted: Record<string, unknown>[] = []

  function end(name: string, status: 'SUCCEEDED' | 'FAILED' | 'STOPPED', message: string, exitCode?: number): void {
    const job = jobs.get(name)
    if (job === undefined) throw new Error(`no job ${name}`)
    Object.assign(job, { status, message, driver_exit_code: exitCode ?? null, end_time: Date.now() })
  }

  function submit(body: Record<string, unknown>, response: ServerResponse): void {
    submitted.push(body)
    const name = String(body['submission_id'])
    if (jobs.has(name)) {
      const message = `Job with submission_id ${name} already exists. Please use a different submission_id.`
      say(response, 500, `Traceback (most recent call last):\nValueError: ${message}\n.\n`)
      return
    }
    jobs.set(name, {
      type: 'SUBMISSION',
      submission_id: name,
      entrypoint: String(body['entrypoint']),
      status: 'PENDING',
      message: PENDING,
      driver_exit_code: null,
      start_time: Date.now(),
      end_time: null,
      runtime_env: (body['runtime_env'] ?? {}) as RecordedJob['runtime_env'],
      metadata: (body['metadata'] ?? {}) as RecordedJob['metadata']
    })
    say(response, 200, { job_id: name, submission_id: name })
  }

  const server = createServer(async (request, response) => {
    // As Ray tells browsers by.
    if (request.method !== 'GET' && 'sec-fetch-mode' in request.headers)
      return say(response, 405, `'${request.method}' method not allowed for browser traffic.`)
    let text = ''
    for await (const chunk of request) text += chunk
    const [, name = '', verb] = /^\/api\/jobs\/([^/]*)(?:\/(stop))?$/.exec(request.url ?? '') ?? []
    const job = jobs.get(name)
    if (request.method === 'POST' && name === '') {
      submit(JSON.parse(text), response)
      return
    }
    if (name === '') return say(response, 200, [...jobs.values()])
    if (job === undefined) return say(response, 404, `Job ${name} does not exist`)
    if (request.method === 'DELETE') return say(response, 200, { deleted: jobs.delete(name) })
    if (verb !== 'stop') return say(response, 200, job)
    const stopped = ['PENDING', 'RUNNING'].includes(job.status)
    if (stopped) end(name, 'STOPPED', 'Job was intentionally stopped.')
    say(response, 200, { stopped })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    jobs,
    submitted,
    end,
    async close() {
      server.closeAllConnections()
      if (server.listening) await new Promise((resolve) => server.close(resolve))
    }
  }
}

function say(response: ServerResponse, status: number, body: string | object): void {
  const isText = typeof body === 'string'
  response.writeHead(status, { 'content-type': isText ? 'text/plain; charset=utf-8' : 'application/json' })
  response.end(isText ? body : JSON.stringify(body))
}
