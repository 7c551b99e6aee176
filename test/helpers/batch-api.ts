/**
 * AWS Batch, as much as a launcher sees of it: SubmitJob, ListJobs with a filter, TerminateJob. After its API reference; where moto has the
 * same, the answers are moto's.
 */
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface BatchJob {
  readonly jobId: string
  readonly jobName: string
  readonly createdAt: number
  status: string
  statusReason?: string
  container?: { readonly exitCode?: number; readonly reason?: string }
}

export interface BatchApi {
  readonly url: string
  readonly jobs: BatchJob[]
  readonly submitted: Readonly<Record<string, unknown>>[]
  move(jobId: string, patch: Partial<BatchJob>): void
  close(): Promise<void>
}

const PAGE = 2

export async function startBatchApi(): Promise<BatchApi> {
  const jobs: BatchJob[] = []
  const submitted: Record<string, unknown>[] = []
  const move = (jobId: string, patch: Partial<BatchJob>) => {
    const job = jobs.find((one) => one.jobId === jobId)
    if (job === undefined) throw new Error(`no job ${jobId}`)
    Object.assign(job, patch)
  }

  const routes: Readonly<Record<string, (body: Record<string, unknown>) => [number, object]>> = {
    '/v1/submitjob'(body) {
      submitted.push(body)
      if (body['jobDefinition'] === 'none') return [400, { message: 'JobDefinition none does not exist.' }]
      const job = { jobId: randomUUID(), jobName: String(body['jobName']), createdAt: Date.now(), status: 'RUNNABLE' }
      jobs.push(job)
      return [200, { jobId: job.jobId, jobName: job.jobName, jobArn: `arn:aws:batch:eu-central-1:1:job/${job.jobId}` }]
    },
    '/v1/listjobs'(body) {
      const [filter] = body['filters'] as { readonly name: string; readonly values: readonly string[] }[]
      const [value = ''] = filter?.values ?? []
      const fits = (name: string) => (value.endsWith('*') ? name.startsWith(value.slice(0, -1)) : name === value)
      const found = jobs.filter(({ jobName }) => fits(jobName))
      const begin = Number(body['nextToken'] ?? 0)
      const more = begin + PAGE < found.length ? { nextToken: String(begin + PAGE) } : {}
      return [200, { jobSummaryList: found.slice(begin, begin + PAGE), ...more }]
    },
    // Of a job that has ended it succeeds, and changes nothing.
    '/v1/terminatejob'({ jobId, reason }) {
      const job = jobs.find((one) => one.jobId === jobId)
      if (job !== undefined && !['SUCCEEDED', 'FAILED'].includes(job.status))
        Object.assign(job, { status: 'FAILED', statusReason: reason })
      return [200, {}]
    }
  }

  const server = createServer(async (request, response) => {
    let text = ''
    for await (const chunk of request) text += chunk
    const [status, body] = routes[request.url ?? '']?.(JSON.parse(text)) ?? [404, {}]
    const error = status === 200 ? {} : { 'x-amzn-errortype': 'ClientException' }
    response.writeHead(status, { 'content-type': 'application/json', ...error })
    response.end(JSON.stringify(body))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    jobs,
    submitted,
    move,
    async close() {
      server.closeAllConnections()
      if (server.listening) await new Promise((resolve) => server.close(resolve))
    }
  }
}
