import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { basename, resolve } from 'node:path'
import { test } from 'node:test'
import { parseAllDocuments } from 'yaml'
import { CHART, type Manifest, manifestsOf, template, VALUES } from './chart.ts'

const ROOT = resolve(import.meta.dirname, '../../..')
const [keda, launcher, least] = VALUES as [string, string, string]
const rendered = new Map(VALUES.map((values) => [basename(values), manifestsOf(values)]))
const all = [...rendered.values()].flat()
const of = (values: string, kind: string, name: string): Manifest => {
  const found = rendered.get(basename(values))!.find((one) => one.kind === kind && one.metadata.name === name)
  assert.ok(found, `${kind} ${name}`)
  return found
}

const legsOf = (manifest: Manifest): readonly Manifest[] =>
  parseAllDocuments(manifest['data']['job.yaml']).flatMap((document) => document.toJS() ?? [])

/** Templates of pods, wherever they are, also in the launcher's ConfigMap. */
function podsOf(manifest: Manifest): Manifest['spec'][] {
  if (manifest.kind === 'ConfigMap') return legsOf(manifest).flatMap(podsOf)
  const template = manifest['spec']?.template ?? manifest['spec']?.jobTargetRef?.template
  return template?.spec?.containers ? [template.spec] : []
}
const pods = all.flatMap((manifest) => podsOf(manifest).map((pod) => ({ name: manifest.metadata.name, pod })))

test('every pod is nobody in particular, on a root file system that is read-only, with memory and disk that end', () => {
  assert.ok(pods.length >= 11)
  for (const { name, pod } of pods) {
    assert.equal(pod.securityContext.runAsNonRoot, true, name)
    assert.equal(pod.securityContext.seccompProfile.type, 'RuntimeDefault', name)
    for (const { securityContext, resources, volumeMounts } of pod.containers) {
      assert.equal(securityContext.readOnlyRootFilesystem, true, name)
      assert.equal(securityContext.allowPrivilegeEscalation, false, name)
      assert.deepEqual(securityContext.capabilities, { drop: ['ALL'] }, name)
      // The launcher reckons a leg's memory from its run, unless the file has some.
      assert.equal(Boolean(resources.requests.memory && resources.limits?.memory), name !== 'kappa-leg', name)
      assert.deepEqual(
        volumeMounts.slice(0, 2).map((mount: { mountPath: string }) => mount.mountPath),
        ['/var/lib/kappa', '/tmp'],
        name
      )
    }
    for (const { name: volume, emptyDir } of pod.volumes)
      assert.ok(!emptyDir || emptyDir.sizeLimit, `${name} ${volume}`)
  }
})

test('no secret is in a manifest, and nothing but the launcher has a token of Kubernetes', () => {
  assert.ok(!all.some(({ kind }) => kind === 'Secret'))
  for (const { name, pod } of pods) assert.equal(pod.automountServiceAccountToken, name === 'kappa-launcher', name)
  for (const { pod } of pods)
    for (const { name, value } of pod.containers.flatMap(({ env }: { env: object[] }) => env))
      if (/DATABASE_URL|SECRET|KEY/.test(name)) assert.equal(value, undefined, name)
})

test('every variable is one that Kappa or an SDK reads', () => {
  const known = readFileSync(resolve(ROOT, '.env.example'), 'utf8')
  const names = pods.flatMap(({ pod }) => pod.containers.flatMap(({ env }: { env: { name: string }[] }) => env))
  // The launcher's own are in docs/launching.md.
  const others = /^(AWS_\w+|KAPPA_LAUNCH\w*|KAPPA_KUBERNETES_\w+)$/
  for (const { name } of names) assert.ok(others.test(name) || known.includes(`\n${name}=`), name)
})

test('the API and workers are asked at their probes, and workers have 150 s to save', () => {
  for (const [name, port] of [
    ['kappa-api', 8080],
    ['kappa-worker-cpu', 9465]
  ] as const) {
    const { containers, terminationGracePeriodSeconds } = of(least, 'Deployment', name)['spec'].template.spec
    const [{ livenessProbe, readinessProbe, ports }] = containers
    assert.equal(livenessProbe.httpGet.path, '/livez')
    assert.equal(readinessProbe.httpGet.path, '/readyz')
    assert.deepEqual(ports, [{ name: 'http', containerPort: port }])
    assert.equal(terminationGracePeriodSeconds, port === 8080 ? 40 : 150)
  }
  assert.equal(
    of(keda, 'ScaledJob', 'kappa-legs')['spec'].jobTargetRef.template.spec.terminationGracePeriodSeconds,
    150
  )
})

test('the schema is brought up to date before a release, with an entry that is there', () => {
  const job = of(least, 'Job', 'kappa-migrate')
  assert.equal(job.metadata.annotations?.['helm.sh/hook'], 'pre-install,pre-upgrade')
  const [{ args }] = job['spec'].template.spec.containers
  assert.ok(existsSync(resolve(ROOT, args[0])), args[0])
})

test('selectors choose the pods of their own part', () => {
  for (const { kind, metadata, spec } of rendered.get(basename(least))!) {
    if (kind !== 'Deployment') continue
    for (const [key, value] of Object.entries(spec.selector.matchLabels))
      assert.equal(spec.template.metadata.labels[key], value, metadata.name)
  }
  const { selector } = of(least, 'Service', 'kappa-api')['spec']
  assert.equal(selector['app.kubernetes.io/component'], 'api')
})

test('KEDA counts legs that wait, and a leg that is trained is none of them', () => {
  const { triggers, scalingStrategy, rollout, minReplicaCount } = of(keda, 'ScaledJob', 'kappa-legs')['spec']
  assert.deepEqual([scalingStrategy.strategy, rollout.strategy, minReplicaCount], ['accurate', 'gradual', 0])
  const { query } = triggers[0].metadata
  assert.match(query, /name = 'run-leg'/)
  assert.doesNotMatch(query, /active/)
  assert.match(template(keda, 'launcher.enabled=true').error, /exclude each other/)
})

test('the API is scaled by its processors, and by images that wait where somebody brings that metric', () => {
  const metricsOf = (...sets: readonly string[]) => {
    const scaler = manifestsOf(least, ...sets).find(({ kind }) => kind === 'HorizontalPodAutoscaler')
    return scaler?.['spec'].metrics.map((one: { type: string }) => one.type)
  }
  assert.deepEqual(metricsOf(), ['Resource'])
  assert.deepEqual(metricsOf('api.autoscaling.queuedImages=64'), ['Resource', 'Pods'])
  const gauges = readFileSync(resolve(ROOT, 'src/composition/gauges.ts'), 'utf8')
  const [, name] = /metric: \{ name: (\w+) \}/.exec(readFileSync(resolve(CHART, 'templates/api.yaml'), 'utf8')) ?? []
  assert.ok(gauges.includes(`name: '${name}'`), `${name} is a metric of the API`)
})

test('the launcher may make, see and delete Jobs of its namespace, see pods, and nothing else', () => {
  const { rules } = of(launcher, 'Role', 'kappa-launcher')
  assert.deepEqual(rules, [
    { apiGroups: ['batch'], resources: ['jobs'], verbs: ['create', 'get', 'list', 'delete'] },
    { apiGroups: [''], resources: ['pods'], verbs: ['list'] }
  ])
  assert.ok(!all.some(({ kind }) => kind === 'ClusterRole' || kind === 'ClusterRoleBinding'))
  assert.ok(!rendered.get(basename(least))!.some(({ kind }) => kind === 'Role'))
})

test('the launcher has a Job for each device, in its queue, and workers train nothing beside it', () => {
  const legs = legsOf(of(launcher, 'ConfigMap', 'kappa-leg'))
  const labels = legs.map(({ metadata }) => metadata.labels)
  assert.deepEqual(labels, [
    { 'kappa/device': 'cpu', 'kueue.x-k8s.io/queue-name': 'training' },
    { 'kappa/device': 'gpu', 'kueue.x-k8s.io/queue-name': 'training' }
  ])
  for (const [values, runs] of [
    [launcher, '0'],
    [keda, '0'],
    [least, undefined]
  ] as const) {
    const [{ env }] = of(values, 'Deployment', 'kappa-worker-cpu')['spec'].template.spec.containers
    assert.equal(env.find(({ name }: { name: string }) => name === 'KAPPA_WORKER_RUNS')?.value, runs, values)
  }
})

/** Rules as `5432` for anywhere and `5432 10.1.0.0/16`. */
function waysOut(manifest: Manifest): readonly string[] {
  const rules = manifest['spec'].egress as readonly {
    readonly ports?: readonly { readonly protocol: string; readonly port: number }[]
    readonly to?: readonly { readonly ipBlock: { readonly cidr: string } }[]
  }[]
  return rules.map(({ ports = [], to }) =>
    [
      ...ports.map(({ protocol, port }) => `${protocol} ${port}`),
      ...(to ?? []).map(({ ipBlock }) => ipBlock.cidr)
    ].join(' ')
  )
}

test('pods connect to DNS, the database, the store and what is named, and to nothing else', () => {
  const everybody = of(least, 'NetworkPolicy', 'kappa')
  assert.deepEqual(everybody['spec'].policyTypes, ['Ingress', 'Egress'])
  assert.deepEqual(Object.keys(everybody['spec'].podSelector.matchLabels), ['app.kubernetes.io/instance'])
  assert.deepEqual(waysOut(everybody), ['UDP 53 TCP 53', 'TCP 5432', 'TCP 443'])
  const policyOf = (...sets: readonly string[]) =>
    manifestsOf(least, ...sets).find(({ kind, metadata }) => kind === 'NetworkPolicy' && metadata.name === 'kappa')!
  for (const [endpoint, port] of [
    ['http://minio.example:9000', 9000],
    ['http://minio.example', 80],
    ['https://s3.example', 443]
  ])
    assert.deepEqual(waysOut(policyOf(`objects.endpoint=${endpoint}`)).at(-1), `TCP ${port}`)
  const [dns, ...narrow] = waysOut(of(launcher, 'NetworkPolicy', 'kappa'))
  assert.match(dns ?? '', /53/)
  assert.deepEqual(narrow, ['TCP 6432 10.1.0.0/16', 'TCP 443 10.2.0.0/16', 'TCP 4318 10.3.0.0/16'])
})

test('the launcher alone connects to Kubernetes, and the pods of its legs are held as all others', () => {
  const policy = of(launcher, 'NetworkPolicy', 'kappa-launcher')
  assert.deepEqual(waysOut(policy), ['TCP 6443 10.0.0.1/32'])
  assert.equal(policy['spec'].podSelector.matchLabels['app.kubernetes.io/component'], 'launcher')
  assert.ok(!rendered.get(basename(least))!.some(({ metadata }) => metadata.name === 'kappa-launcher'))
  for (const { spec } of legsOf(of(launcher, 'ConfigMap', 'kappa-leg')))
    assert.equal(spec.template.metadata.labels['app.kubernetes.io/instance'], 'kappa')
  const legs = of(keda, 'ScaledJob', 'kappa-legs')['spec'].jobTargetRef.template
  assert.equal(legs.metadata.labels['app.kubernetes.io/instance'], 'kappa')
})

test('a digest goes before a tag, and metrics stay inside', () => {
  const [{ image }] = of(launcher, 'Deployment', 'kappa-api')['spec'].template.spec.containers
  assert.match(image, /^registry\.example\.org\/kappa-api@sha256:0{64}$/)
  const [{ http }] = of(launcher, 'Ingress', 'kappa-api')['spec'].rules
  assert.equal(http.paths[0].path, '/metrics')
  assert.equal(http.paths[0].backend.service.name, 'kappa-nowhere')
  assert.equal(of(launcher, 'Service', 'kappa-nowhere')['spec'].selector, undefined)
})

test('a value that nothing reads, or that is missing, is refused by name', () => {
  assert.match(template(least, 'api.replica=3').error, /replica/)
  assert.match(template(least, 'objects.bucket=').error, /objects\.bucket is needed/)
  assert.match(template(least, 'workers.gpu.image=mine').error, /worker-cuda/)
})

test('a class of workers is a Deployment of its own, on the nodes that it names', () => {
  const sets = ['workers.gpu.image=worker-cuda', 'workers.gpu.replicas=1', 'workers.gpu.volume=10Gi']
  const more = [
    'workers.gpu.priorityClass=kappa-worker',
    'workers.gpu.resources.limits.memory=1Gi',
    'workers.gpu.nodeSelector.kind=gpu'
  ]
  const found = manifestsOf(least, ...sets, ...more).find(
    ({ kind, metadata }) => kind === 'Deployment' && metadata.name === 'kappa-worker-gpu'
  )
  assert.deepEqual(found?.['spec'].template.spec.nodeSelector, { kind: 'gpu' })
  assert.match(found?.['spec'].template.spec.containers[0].image, /kappa-worker-cuda:/)
})
