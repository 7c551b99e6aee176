/** What docs/launching.md gives to an administrator of a cluster. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { KubeConfig } from '@kubernetes/client-node'
import { parse } from 'yaml'
import { createKubernetesLauncher } from '../../../src/launching/kubernetes-launcher.ts'
import { readTemplates } from '../../../src/launching/kubernetes-template.ts'
import { LauncherUnavailable, LaunchRefused } from '../../../src/launching/launcher.ts'
import { startKubeApi } from '../../helpers/kube-api.ts'
import { anOrder } from '../../helpers/launcher-conformance.ts'

const page = readFileSync(join(import.meta.dirname, '../../../docs/launching.md'), 'utf8')
const [template = '', role = ''] = [...page.matchAll(/```yaml\n(.*?)```/gs)].map(([, block = '']) => block)

async function setUp(after: (hook: () => Promise<void>) => void) {
  const api = await startKubeApi()
  after(() => api.close())
  const config = new KubeConfig()
  config.loadFromClusterAndUser({ name: 'test', server: api.url, skipTLSVerify: true }, { name: 'test' })
  const settings = {
    installation: 'kappa',
    templates: readTemplates(template),
    gpuResource: 'nvidia.com/gpu',
    priorities: []
  }
  return { api, launcher: createKubernetesLauncher({ ...settings, config }) }
}

test('the Role of the page is what the launcher does, no more and no less', async (t) => {
  const { api, launcher } = await setUp((hook) => t.after(hook))
  const order = anOrder({ device: 'gpu' })
  const launched = await launcher.start(order)
  await launcher.start(order)
  await launcher.look(launched)
  await launcher.list()
  await launcher.stop(launched)
  const { rules } = parse(role) as {
    readonly rules: readonly { readonly resources: string[]; readonly verbs: string[] }[]
  }
  const allowed = rules.flatMap(({ resources, verbs }) =>
    resources.flatMap((one) => verbs.map((verb) => `${verb} ${one}`))
  )
  assert.deepEqual([...api.verbs].sort(), allowed.sort())
})

test('what the server will not have is refused in its own words, and its trouble is not', async (t) => {
  const { api, launcher } = await setUp((hook) => t.after(hook))
  const says = (pattern: RegExp, kind: typeof LaunchRefused | typeof LauncherUnavailable) => (error: unknown) =>
    error instanceof kind && pattern.test(error.message)
  api.refuse({ code: 403, message: 'exceeded quota: gpus' })
  await assert.rejects(launcher.start(anOrder()), says(/^Kubernetes answers 403: exceeded quota: gpus$/, LaunchRefused))
  for (const code of [401, 429, 500, 503]) {
    api.refuse({ code, message: 'later' })
    await assert.rejects(launcher.start(anOrder()), says(new RegExp(`answers ${code}`), LauncherUnavailable))
  }
})

test('a list has all pages', async (t) => {
  const { launcher } = await setUp((hook) => t.after(hook))
  const runs = Array.from({ length: 501 }, (_, i) => `run_${i}`)
  for (let i = 0; i < runs.length; i += 100)
    await Promise.all(runs.slice(i, i + 100).map((runId) => launcher.start(anOrder({ runId }))))
  assert.equal((await launcher.list()).length, 501)
})
