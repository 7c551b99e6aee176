/** The suite against Ray: a server that answers as a recorded one did, and a real one where KAPPA_TEST_RAY names a Python that has it. */
import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import type { Launched } from '../../../src/launching/launcher.ts'
import { createRayLauncher } from '../../../src/launching/ray-launcher.ts'
import { anOrder, conformsAsLauncher, type LauncherBench } from '../../helpers/launcher-conformance.ts'
import { startRayApi } from '../../helpers/ray-api.ts'
import { startRealRay } from '../../helpers/real-ray.ts'

const SETTINGS = { installation: 'test', token: null, command: 'node src/bin/worker.ts', cpus: 1, environment: {} }

async function recordedBench(t: TestContext): Promise<LauncherBench> {
  const api = await startRayApi()
  t.after(() => api.close())
  const options = { ...SETTINGS, url: api.url }
  await createRayLauncher({ ...options, installation: 'test-b' }).start(anOrder())
  const begin = async ({ name }: Launched) => {
    Object.assign(api.jobs.get(name) ?? {}, { status: 'RUNNING', message: 'Job is currently running.' })
  }
  const lost =
    'Unexpected error occurred: The actor died unexpectedly before finishing this task.\n\tclass_name: JobSupervisor'
  return {
    launcher: createRayLauncher(options),
    other: createRayLauncher(options),
    installation: 'test',
    countPlaces: async () => api.jobs.size - 1,
    begin,
    async finish({ name }, exitCode) {
      if (exitCode === 0) return api.end(name, 'SUCCEEDED', 'Job finished successfully.', 0)
      const message = `Job entrypoint command failed with exit code ${exitCode}, last available logs (truncated to 20,000 chars):\n`
      api.end(name, 'FAILED', message, exitCode)
    },
    lose: async ({ name }) => api.end(name, 'FAILED', lost),
    cut: () => api.close()
  }
}

conformsAsLauncher('Ray, as recorded', recordedBench)

test('a job asks for what its leg needs, and has references for secrets', async (t) => {
  const api = await startRayApi()
  t.after(() => api.close())
  const environment = { DATABASE_URL: 'ssm:/kappa/database-url' }
  const launcher = createRayLauncher({ ...SETTINGS, url: `${api.url}/`, cpus: 4, environment })
  const order = anOrder({ runId: 'run_01', epoch: 3, device: 'gpu', devices: 2, deviceMemoryBytes: 1 })
  await launcher.start(order)
  assert.deepEqual(api.submitted[0], {
    submission_id: 'test-run-01-e3-t1',
    entrypoint: 'exec node src/bin/worker.ts',
    entrypoint_num_cpus: 4,
    entrypoint_num_gpus: 2,
    entrypoint_memory: order.memoryBytes,
    runtime_env: {
      env_vars: {
        RAY_JOB_STOP_WAIT_TIME_S: '150',
        DATABASE_URL: 'ssm:/kappa/database-url',
        KAPPA_WORKER_RUN: 'run_01',
        KAPPA_WORKER_EPOCH: '3'
      }
    },
    metadata: { 'kappa/run': 'run_01', 'kappa/project': order.projectId, 'kappa/installation': 'test' }
  })
})

test('what ended more than a day ago is forgotten, here and in Ray', async (t) => {
  const api = await startRayApi()
  t.after(() => api.close())
  const launcher = createRayLauncher({ ...SETTINGS, url: api.url })
  const { name } = await launcher.start(anOrder())
  api.end(name, 'SUCCEEDED', 'Job finished successfully.', 0)
  assert.equal((await launcher.list()).length, 1)
  Object.assign(api.jobs.get(name) ?? {}, { end_time: Date.now() - 25 * 3600_000 })
  assert.deepEqual(await launcher.list(), [])
  assert.equal(api.jobs.size, 0)
})

const python = process.env['KAPPA_TEST_RAY']
const open = python ? await startRealRay(python) : () => Promise.reject(new Error('no Ray'))

// That nobody reaches it is left to the stand-in: the head is started once for all tests.
conformsAsLauncher('Ray, a real one', open, {
  skip: python ? false : 'SKIPPED, no Ray: KAPPA_TEST_RAY names a Python that has it',
  isRemote: false
})
