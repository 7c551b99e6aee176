import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { V1Job, V1Pod } from '@kubernetes/client-node'
import { type JobSettings, jobOf } from '../../../src/launching/kubernetes-job.ts'
import { sightOf } from '../../../src/launching/kubernetes-sight.ts'
import { readTemplates } from '../../../src/launching/kubernetes-template.ts'
import { problemsOf } from '../../../src/launching/kubernetes-types.ts'
import { anOrder } from '../../helpers/launcher-conformance.ts'

const TEMPLATE = `
apiVersion: batch/v1
kind: Job
metadata:
  labels: { kappa/device: gpu, kueue.x-k8s.io/queue-name: gpus }
spec:
  ttlSecondsAfterFinished: 60
  template:
    spec:
      nodeSelector: { gpu: h100 }
      tolerations: [{ key: nvidia.com/gpu, operator: Exists }]
      containers:
        - name: worker
          image: registry.example/kappa:1
          envFrom: [{ secretRef: { name: kappa } }, { configMapRef: { name: kappa } }]
          env: [{ name: KAPPA_WORKER_RUN, value: another }, { name: LOG_LEVEL, value: debug }]
          resources: { requests: { cpu: "8", memory: 64Gi } }
---
apiVersion: batch/v1
kind: Job
spec:
  template:
    spec:
      containers: [{ name: worker, image: registry.example/kappa-cpu:1 }]
`

const settings = (patch: Partial<JobSettings> = {}): JobSettings => ({
  installation: 'kappa',
  templates: readTemplates(TEMPLATE),
  gpuResource: 'nvidia.com/gpu',
  priorities: [
    { name: 'high', from: 50 },
    { name: 'low', from: -100 },
    { name: 'normal', from: 0 }
  ],
  ...patch
})

test('an order for GPUs is a suspended Job of its queue, with what the leg needs and what the file says', () => {
  const order = anOrder({
    runId: 'run_1',
    epoch: 3,
    attempt: 2,
    device: 'gpu',
    devices: 2,
    memoryBytes: 5 * 2 ** 30,
    priority: 60,
    maxRuntimeS: 600
  })
  const job = jobOf(order, settings())
  assert.deepEqual(problemsOf(JSON.parse(JSON.stringify(job)), 'V1Job'), [])
  assert.equal(job.metadata?.name, 'kappa-run-1-e3-t2')
  assert.equal(job.metadata?.labels?.['kueue.x-k8s.io/priority-class'], 'high')
  const { suspend, backoffLimit, ttlSecondsAfterFinished, activeDeadlineSeconds, podReplacementPolicy, template } =
    job.spec!
  assert.deepEqual(
    [suspend, backoffLimit, ttlSecondsAfterFinished, activeDeadlineSeconds, podReplacementPolicy],
    [true, 0, 60, 4200, 'Failed']
  )
  const pod = template.spec!
  assert.deepEqual(
    [pod.restartPolicy, pod.terminationGracePeriodSeconds, pod.priorityClassName],
    ['Never', 150, undefined]
  )
  assert.deepEqual(
    [pod.nodeSelector, pod.securityContext?.runAsNonRoot, pod.automountServiceAccountToken],
    [{ gpu: 'h100' }, true, false]
  )
  const [worker] = pod.containers
  assert.deepEqual(worker?.resources, {
    requests: { memory: '64Gi', cpu: '8', 'nvidia.com/gpu': '2' },
    limits: { memory: '64Gi', 'nvidia.com/gpu': '2' }
  })
  assert.deepEqual(worker?.env, [
    { name: 'LOG_LEVEL', value: 'debug' },
    { name: 'KAPPA_WORKER_RUN', value: 'run_1' },
    { name: 'KAPPA_WORKER_EPOCH', value: '3' },
    { name: 'KAPPA_WORKER_NODE', valueFrom: { fieldRef: { fieldPath: 'spec.nodeName' } } }
  ])
  assert.equal(worker?.securityContext?.allowPrivilegeEscalation, false)
})

test('without a queue a Job is let go at once, with a priority class of pods', () => {
  const job = jobOf(anOrder({ priority: -3, maxRuntimeS: 10_000_000 }), settings())
  const { suspend, template, activeDeadlineSeconds } = job.spec!
  assert.deepEqual([suspend, template.spec?.priorityClassName, activeDeadlineSeconds], [false, 'low', 24 * 3600])
  assert.deepEqual(template.spec?.containers[0]?.resources?.requests, { memory: '2048Mi' })
  assert.equal(jobOf(anOrder(), settings({ priorities: [] })).spec?.template.spec?.priorityClassName, undefined)
})

test('memory that the file names holds, as request and as limit', () => {
  const limited = TEMPLATE.replaceAll('requests: { cpu: "8", memory: 64Gi }', 'limits: { memory: 80Gi }')
  const order = anOrder({ device: 'gpu', memoryBytes: 5 * 2 ** 30 })
  const resources = jobOf(order, settings({ templates: readTemplates(limited) })).spec?.template.spec?.containers[0]
    ?.resources
  assert.deepEqual([resources?.requests?.['memory'], resources?.limits?.['memory']], ['80Gi', '80Gi'])
})

test('a device that the file has no Job for is refused', () => {
  const [gpuOnly = ''] = TEMPLATE.split('---')
  assert.throws(() => jobOf(anOrder(), settings({ templates: readTemplates(gpuOnly) })), /has no Job for a CPU/)
})

test('a file that would not act as it is written is refused, by field', () => {
  const [text = ''] = TEMPLATE.split('---')
  const wrong: readonly (readonly [string, string, RegExp])[] = [
    ['nodeSelector', 'nodeSelectr', /spec\.template\.spec\.nodeSelectr is no field/],
    ['60', 'soon', /spec\.ttlSecondsAfterFinished must be a number/],
    ['[{ key', '{ key', /no YAML/],
    ['kind: Job', 'kind: Pod', /no Job of batch\/v1/],
    ['kappa/device: gpu', 'kappa/device: tpu', /kappa\/device must be cpu or gpu/],
    ['image: registry.example/kappa:1', 'command: [node]', /containers\[0\]\.image is missing/],
    ['name: LOG_LEVEL', 'name: DATABASE_URL', /DATABASE_URL must come from a Secret/]
  ]
  for (const [is, becomes, message] of wrong)
    assert.throws(() => readTemplates(text.replace(is, becomes)), message, becomes)
  assert.throws(() => readTemplates(''), /it has no Job/)
})

test('a Job is seen by what it and its pods say', () => {
  const job = (status: V1Job['status'], spec: Partial<NonNullable<V1Job['spec']>> = {}): V1Job => ({
    ...(status && { status }),
    spec: { template: {}, ...spec }
  })
  const when = (type: string, message?: string) => ({
    conditions: [{ type, status: 'True', ...(message && { message }) }]
  })
  const pod = (status: V1Pod['status']): V1Pod => ({ ...(status && { status }) })
  const container = (state: object) => ({
    containerStatuses: [{ name: 'worker', image: '', imageID: '', ready: false, restartCount: 0, state }]
  })
  assert.deepEqual(sightOf(job(when('Complete')), []), { state: 'ended', reason: null })
  assert.deepEqual(sightOf(job(when('Failed', 'Job was active longer than specified deadline')), []), {
    state: 'ended',
    reason: 'Job was active longer than specified deadline'
  })
  const killed = pod(container({ terminated: { exitCode: 137, reason: 'OOMKilled' } }))
  assert.equal(sightOf(job(when('Failed')), [killed]).reason, 'OOMKilled with exit code 137')
  assert.equal(sightOf(job(when('FailureTarget')), []).state, 'running')
  assert.deepEqual(sightOf(job({ active: 1, ready: 1 }), []), { state: 'running', reason: null })
  assert.deepEqual(sightOf(job({ active: 1 }), [pod({ phase: 'Running' })]), { state: 'running', reason: null })
  const image = pod({
    phase: 'Pending',
    ...container({ waiting: { reason: 'ImagePullBackOff', message: 'no such image' } })
  })
  assert.deepEqual(sightOf(job({ active: 1 }), [image]), {
    state: 'waiting',
    reason: 'ImagePullBackOff: no such image'
  })
  const creating = pod({ phase: 'Pending', ...container({ waiting: { reason: 'ContainerCreating' } }) })
  assert.deepEqual(sightOf(job({ active: 1 }), [creating]), { state: 'waiting', reason: null })
  const unscheduled = pod({
    phase: 'Pending',
    conditions: [{ type: 'PodScheduled', status: 'False', message: '0/3 nodes' }]
  })
  assert.deepEqual(sightOf(job({ active: 1 }), [unscheduled]), { state: 'waiting', reason: '0/3 nodes' })
  const suspended = job({}, { suspend: true })
  assert.match(sightOf(suspended, []).reason ?? '', /suspended/)
  const queued = { ...suspended, metadata: { labels: { 'kueue.x-k8s.io/queue-name': 'q' } } }
  assert.deepEqual(sightOf(queued, []), { state: 'waiting', reason: null })
})
