/**
 * What HTTP costs before anybody adds anything: Node's own server in a process of its own, which reads a body whole and answers so many bytes.
 * As a program it is that server.
 */
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface BareHttp {
  readonly url: string
  stop(): void
}

export async function startBareHttp(answerBytes: number): Promise<BareHttp> {
  const child = fork(import.meta.filename, [String(answerBytes)])
  const [port] = (await once(child, 'message')) as [number]
  return { url: `http://127.0.0.1:${port}`, stop: () => void child.kill() }
}

if (process.argv[1] === import.meta.filename) {
  const answer = JSON.stringify({ data: 'a'.repeat(Number(process.argv[2])) })
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk)
    JSON.parse(Buffer.concat(chunks).toString())
    response.setHeader('content-type', 'application/json').end(answer)
  })
  server.listen(0, '127.0.0.1', () => process.send!((server.address() as AddressInfo).port))
}
