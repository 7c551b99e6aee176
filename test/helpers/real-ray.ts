/** A real Ray of one node, for the launcher's suite; its workers are shells that do as a file says. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { after, type TestContext } from 'node:test'
import { freePort } from '../../src/base/free-port.ts'
import type { Launched } from '../../src/launching/launcher.ts'
import { legOfName } from '../../src/launching/leg-name.ts'
import { createRayLauncher, type RayOptions } from '../../src/launching/ray-launcher.ts'
import { anOrder, type LauncherBench } from './launcher-conformance.ts'

/** Waits for a file with its exit code, as a worker waits for its leg's end. */
const WORKER = `#!/bin/sh
trap 'exit 0' TERM
leg="$1/$KAPPA_WORKER_RUN-$KAPPA_WORKER_EPOCH"
echo $$ > "$leg.up"
while [ ! -e "$leg.exit" ]; do sleep 0.1; done
exit "$(cat "$leg.exit")"
`

async function startHead(python: string): Promise<{ url: string; folder: string }> {
  const folder = mkdtempSync(join(tmpdir(), 'kray-'))
  const [port, dashboard] = [await freePort(), await freePort()]
  const args = [
    'start',
    '--head',
    '--block',
    `--port=${port}`,
    `--dashboard-port=${dashboard}`,
    '--dashboard-host=127.0.0.1'
  ]
  const sizes = [
    '--num-cpus=8',
    '--num-gpus=0',
    '--object-store-memory=80000000',
    '--disable-usage-stats',
    `--temp-dir=${folder}/ray`
  ]
  const child = spawn(join(dirname(python), 'ray'), [...args, ...sizes], { stdio: 'ignore' })
  after(async () => {
    const ended = once(child, 'exit')
    child.kill('SIGTERM')
    await ended
    rmSync(folder, { recursive: true, force: true })
  })
  writeFileSync(join(folder, 'worker'), WORKER, { mode: 0o755 })
  const url = `http://127.0.0.1:${dashboard}`
  const launcher = createRayLauncher({ ...settingsOf(folder, url), installation: 'first' })
  // Its agent, which takes jobs, is up last.
  for (;;) {
    try {
      await launcher.start(anOrder())
      return { url, folder }
    } catch {
      if (child.exitCode !== null) throw new Error(`ray start ended with ${child.exitCode}`)
      await new Promise((resolve) => setTimeout(resolve, 1000))
    }
  }
}

const settingsOf = (folder: string, url: string) => ({
  installation: 'test',
  url,
  token: null,
  command: `${folder}/worker ${folder}`,
  cpus: 0,
  environment: {}
})

/** Not within a test: on a busy machine a head takes minutes. */
export async function startRealRay(python: string): Promise<(t: TestContext) => Promise<LauncherBench>> {
  const { url, folder } = await startHead(python)
  let benches = 0
  return async (t) => benchOf(t, { ...settingsOf(folder, url), installation: `test${++benches}` }, folder)
}

function benchOf(t: TestContext, options: RayOptions, folder: string): LauncherBench {
  const { installation } = options
  const launcher = createRayLauncher(options)
  t.after(async () => {
    for (const one of await launcher.list()) await launcher.stop(one)
  })
  const fileOf = ({ name }: Launched, what: string) => {
    const leg = legOfName(installation, name)
    return join(folder, `${leg?.runId}-${leg?.epoch}.${what}`)
  }
  return {
    launcher,
    other: createRayLauncher(options),
    installation,
    countPlaces: async () => (await launcher.list()).length,
    async begin(launched) {
      while (!existsSync(fileOf(launched, 'up'))) await new Promise((resolve) => setTimeout(resolve, 50))
    },
    finish: async (launched, exitCode) => writeFileSync(fileOf(launched, 'exit'), String(exitCode)),
    async lose(launched) {
      process.kill(Number(readFileSync(fileOf(launched, 'up'), 'utf8')), 'SIGKILL')
    }
  }
}
