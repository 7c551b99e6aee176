/**
 * What a worker says of itself: `/livez` that its event loop turns, `/readyz` that it may take jobs, `/metrics` for Prometheus.
 * Plain HTTP without keys and without a way to change anything, for the probes of its own machine or cluster. Nothing of what a
 * worker needs is asked for `/livez`: one that is restarted while its database is away loses a training for nothing.
 */
import { once } from 'node:events'
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Registry } from 'prom-client'
import { isAppError, toError } from '../base/errors.ts'
import type { Logger } from '../base/log.ts'
import { addGauge, type GaugeSource } from './core/gauges.ts'
import { METRICS_TYPE } from './core/metrics.ts'
import { PROBLEM_TYPE, STATUS, toAppError } from './core/problem.ts'
import { expectJobFailures, processRegistry } from './core/process-metrics.ts'
import { type Checks, checkReadiness } from './core/readiness.ts'

export interface WorkerListenerOptions {
  readonly host: string
  /** 0 takes a free one. */
  readonly port: number
  /** What must hold for the worker to take jobs. */
  readonly checks: Checks
  readonly gauges: readonly GaugeSource[]
  readonly logger: Pick<Logger, 'warn' | 'info'>
}

export interface WorkerListener {
  /** @returns its URL */
  listen(): Promise<string>
  close(): Promise<void>
}

type Send = (response: ServerResponse) => Promise<void>

const sendJson = (response: ServerResponse, body: object): void => {
  response.writeHead(200, { 'content-type': 'application/json', 'cache-control': 'no-store' }).end(JSON.stringify(body))
}

export function createWorkerListener({ host, port, checks, gauges, logger }: WorkerListenerOptions): WorkerListener {
  const registry = new Registry()
  const ofThisProcess = processRegistry()
  expectJobFailures(ofThisProcess)
  for (const source of gauges) addGauge(registry, source)

  const pages: Readonly<Record<string, Send>> = {
    '/livez': async (response) => sendJson(response, { status: 'ok' }),
    '/readyz': async (response) => {
      await checkReadiness(checks, logger)
      sendJson(response, { status: 'ok' })
    },
    '/metrics': async (response) => {
      const text = `${await registry.metrics()}\n${await ofThisProcess.metrics()}`
      response.writeHead(200, { 'content-type': METRICS_TYPE }).end(text)
    }
  }

  const server = createServer(async (request, response) => {
    const page = pages[request.url?.split('?', 1)[0] ?? '']
    const isRead = request.method === 'GET' || request.method === 'HEAD'
    if (page === undefined || !isRead) return void response.writeHead(page ? 405 : 404).end()
    try {
      await page(response)
    } catch (error) {
      const known = toAppError(error)
      if (!isAppError(error)) logger.warn({ err: toError(error) }, 'a page of the worker could not be made')
      const headers = { 'content-type': PROBLEM_TYPE, 'retry-after': '1', 'cache-control': 'no-store' }
      const { code, message: detail } = known
      response.writeHead(STATUS[code], headers).end(JSON.stringify({ status: STATUS[code], code, detail }))
    }
  })

  return {
    async listen() {
      server.listen(port, host)
      await once(server, 'listening')
      const { port: taken } = server.address() as AddressInfo // it listens on a port
      const url = `http://${host.includes(':') ? `[${host}]` : host}:${taken}`
      logger.info({ url }, 'the worker answers probes')
      return url
    },
    async close() {
      registry.clear()
      if (!server.listening) return
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    }
  }
}
