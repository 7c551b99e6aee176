/** The suite against AWS Batch: a server that answers as Batch does, and moto where KAPPA_TEST_MOTO names it. */
import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { BatchClient } from '@aws-sdk/client-batch'
import { createAwsBatchLauncher } from '../../../src/launching/aws-batch-launcher.ts'
import { LaunchRefused } from '../../../src/launching/launcher.ts'
import { startBatchApi } from '../../helpers/batch-api.ts'
import { anOrder, conformsAsLauncher, type LauncherBench } from '../../helpers/launcher-conformance.ts'
import { createBatchPlace, startMoto } from '../../helpers/moto.ts'

const clientOf = (endpoint: string) =>
  new BatchClient({
    endpoint,
    region: 'eu-central-1',
    maxAttempts: 1,
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' }
  })
const PLACE = { queue: 'kappa', definition: 'kappa-worker:1' }
const SETTINGS = { installation: 'test', cpu: PLACE, gpu: PLACE, vcpus: 2 }

async function bench(t: TestContext): Promise<LauncherBench> {
  const api = await startBatchApi()
  t.after(() => api.close())
  const options = { ...SETTINGS, client: clientOf(api.url) }
  await createAwsBatchLauncher({ ...options, installation: 'test-b' }).start(anOrder())
  const launcher = createAwsBatchLauncher(options)
  return {
    launcher,
    other: createAwsBatchLauncher({ ...options, client: clientOf(api.url) }),
    installation: 'test',
    // Of those that two started at once the later one is stopped by whoever looks.
    async countPlaces() {
      for (const one of await launcher.list()) await launcher.look(one)
      return api.jobs.filter(({ jobName, status }) => jobName.startsWith('test-run-') && status !== 'FAILED').length
    },
    begin: async ({ id }) => api.move(id, { status: 'RUNNING' }),
    async finish({ id }, exitCode) {
      if (exitCode === 0)
        return api.move(id, {
          status: 'SUCCEEDED',
          statusReason: 'Essential container in task exited',
          container: { exitCode: 0 }
        })
      api.move(id, { status: 'FAILED', statusReason: 'Essential container in task exited', container: { exitCode } })
    },
    lose: async ({ id }) => api.move(id, { status: 'FAILED', statusReason: 'Host EC2 (instance i-1) terminated.' }),
    cut: () => api.close()
  }
}

conformsAsLauncher('AWS Batch, a stand-in', bench)

test('a job has the memory, the devices and the time of its leg, and is tried again for its host alone', async (t) => {
  const api = await startBatchApi()
  t.after(() => api.close())
  const launcher = createAwsBatchLauncher({ ...SETTINGS, client: clientOf(api.url) })
  const order = anOrder({
    runId: 'run_01',
    epoch: 3,
    device: 'gpu',
    devices: 4,
    memoryBytes: 2 ** 31 + 1,
    maxRuntimeS: 7200
  })
  await launcher.start(order)
  assert.deepEqual(api.submitted[0], {
    jobName: 'test-run-01-e3-t1',
    jobQueue: 'kappa',
    jobDefinition: 'kappa-worker:1',
    retryStrategy: {
      attempts: 2,
      evaluateOnExit: [
        { onStatusReason: 'Host EC2*', action: 'RETRY' },
        { onReason: '*', action: 'EXIT' }
      ]
    },
    timeout: { attemptDurationSeconds: 10_800 },
    containerOverrides: {
      environment: [
        { name: 'KAPPA_WORKER_RUN', value: 'run_01' },
        { name: 'KAPPA_WORKER_EPOCH', value: '3' }
      ],
      resourceRequirements: [
        { type: 'VCPU', value: '2' },
        { type: 'MEMORY', value: '2049' },
        { type: 'GPU', value: '4' }
      ]
    },
    tags: { 'kappa:run': 'run_01', 'kappa:project': order.projectId },
    propagateTags: true
  })
})

test('a device without a queue, and a definition that is not there, are refused', async (t) => {
  const api = await startBatchApi()
  t.after(() => api.close())
  const client = clientOf(api.url)
  const noGpu = createAwsBatchLauncher({ ...SETTINGS, gpu: null, client })
  await assert.rejects(noGpu.start(anOrder({ device: 'gpu' })), /no queue for a GPU \(KAPPA_BATCH_GPU\)/)
  const wrong = createAwsBatchLauncher({ ...SETTINGS, cpu: { ...PLACE, definition: 'none' }, client })
  await assert.rejects(wrong.start(anOrder()), LaunchRefused)
})

const python = process.env['KAPPA_TEST_MOTO']
const skip = python ? false : 'SKIPPED, no moto: KAPPA_TEST_MOTO names a Python that has it'

// Its jobs succeed at once, so what the suite does to them cannot be done.
test('AWS Batch as moto has it: a job is submitted once, found by its name, listed and stopped', {
  skip
}, async (t) => {
  const client = clientOf(await startMoto(t, python ?? ''))
  const cpu = await createBatchPlace(client)
  const [first, second] = [1, 2].map(() => createAwsBatchLauncher({ ...SETTINGS, cpu, gpu: null, client }))
  const order = anOrder()
  const launched = await first!.start(order)
  assert.deepEqual(await second!.start(order), launched)
  assert.deepEqual(await second!.list(), [{ ...launched, sight: await first!.look(launched) }])
  await createAwsBatchLauncher({ ...SETTINGS, installation: 'test-b', cpu, gpu: null, client }).start(order)
  assert.equal((await first!.list()).length, 1)
  await first!.stop(launched)
})
