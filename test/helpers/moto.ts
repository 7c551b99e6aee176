/** AWS as moto plays it, in a process of its own: jobs of its simple Batch succeed at once, and no container is started. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { dirname, join } from 'node:path'
import {
  type BatchClient,
  CreateComputeEnvironmentCommand,
  CreateJobQueueCommand,
  RegisterJobDefinitionCommand
} from '@aws-sdk/client-batch'
import { freePort } from '../../src/base/free-port.ts'

interface TestScope {
  after(hook: () => Promise<void>): void
}

/** @param python whose packages have moto[server] */
export async function startMoto(t: TestScope, python: string): Promise<string> {
  const port = await freePort()
  const child = spawn(join(dirname(python), 'moto_server'), ['-H', '127.0.0.1', '-p', String(port)], {
    stdio: 'ignore'
  })
  t.after(async () => {
    const ended = once(child, 'exit')
    child.kill('SIGTERM')
    await ended
  })
  const url = `http://127.0.0.1:${port}`
  const simple = { method: 'POST', body: JSON.stringify({ batch: { use_docker: false } }) }
  const headers = { 'content-type': 'application/json' }
  for (;;) {
    const response = await fetch(`${url}/moto-api/config`, { ...simple, headers }).catch(() => null)
    if (response?.ok) return url
    if (child.exitCode !== null) throw new Error(`moto_server ended with ${child.exitCode}`)
    await new Promise((resolve) => setTimeout(resolve, 200))
  }
}

/** moto looks for the role, and takes any signature. */
async function createRole(url: string): Promise<string> {
  const scope = 'AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/iam/aws4_request'
  const authorization = `${scope}, SignedHeaders=host, Signature=0`
  const asked = { Action: 'CreateRole', Version: '2010-05-08', RoleName: 'batch', AssumeRolePolicyDocument: '{}' }
  const response = await fetch(url, { method: 'POST', headers: { authorization }, body: new URLSearchParams(asked) })
  const [, arn] = /<Arn>(.*?)<\/Arn>/.exec(await response.text()) ?? []
  if (arn === undefined) throw new Error(`moto makes no role: ${response.status}`)
  return arn
}

/** A queue and a definition. */
export async function createBatchPlace(client: BatchClient): Promise<{ queue: string; definition: string }> {
  const { protocol, hostname, port } = (await client.config.endpoint?.()) ?? {}
  const serviceRole = await createRole(`${protocol}//${hostname}:${port}`)
  const environment = { computeEnvironmentName: 'kappa', type: 'UNMANAGED' as const, state: 'ENABLED' as const }
  await client.send(new CreateComputeEnvironmentCommand({ ...environment, serviceRole }))
  const order = [{ order: 1, computeEnvironment: 'kappa' }]
  const queue = { jobQueueName: 'kappa', state: 'ENABLED' as const, priority: 1, computeEnvironmentOrder: order }
  await client.send(new CreateJobQueueCommand(queue))
  const containerProperties = { image: 'kappa-worker:1', vcpus: 1, memory: 512 }
  const definition = { jobDefinitionName: 'kappa-worker', type: 'container' as const, containerProperties }
  const { revision } = await client.send(new RegisterJobDefinitionCommand(definition))
  return { queue: 'kappa', definition: `kappa-worker:${revision}` }
}
