import assert from 'node:assert/strict'
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, afterEach, before, test } from 'node:test'
import { createGpuMeter } from '../../../src/engine/gpu-meter.ts'
import { METRIC_NAMES } from '../../../src/protocol/metrics.ts'

const { PATH, CUDA_VISIBLE_DEVICES } = process.env
let bin: string
before(async () => {
  bin = await mkdtemp(join(tmpdir(), 'kappa-smi-'))
})
afterEach(() => {
  process.env['PATH'] = PATH
  if (CUDA_VISIBLE_DEVICES === undefined) delete process.env['CUDA_VISIBLE_DEVICES']
})
after(() => rm(bin, { recursive: true }))

/** An nvidia-smi that is a script of sh, and counts its calls. */
async function nvidiaSmi(script: string): Promise<void> {
  const path = join(bin, 'nvidia-smi')
  await rm(join(bin, 'calls'), { force: true })
  await writeFile(path, `#!/bin/sh\necho "$*" >> "${bin}/calls"\n${script}\n`)
  await chmod(path, 0o755)
  process.env['PATH'] = `${bin}:${PATH}`
}

const calls = async (): Promise<string[]> => (await readFile(join(bin, 'calls'), 'utf8')).trimEnd().split('\n')

test('use, memory and power of one GPU are metrics of the registry', async () => {
  await nvidiaSmi('echo "97, 40536, 612.34"')
  const metrics = await createGpuMeter(1).read()
  assert.deepEqual(metrics, { gpu_utilization: 0.97, gpu_memory_bytes: 40536 * 1024 ** 2, gpu_power_watts: 612.34 })
  for (const name of Object.keys(metrics)) assert.ok(METRIC_NAMES.has(name), name)
  assert.deepEqual(await calls(), [
    '--id=0 --query-gpu=utilization.gpu,memory.used,power.draw --format=csv,noheader,nounits'
  ])
})

test('of several GPUs the use is the mean, the memory that of the fullest, the power the sum', async () => {
  await nvidiaSmi('printf "100, 1000, 300\\n50, 3000, 200.5\\n"')
  const metrics = await createGpuMeter(2).read()
  assert.deepEqual(metrics, { gpu_utilization: 0.75, gpu_memory_bytes: 3000 * 1024 ** 2, gpu_power_watts: 500.5 })
})

test('the GPUs that are asked about are the first that CUDA may see', async () => {
  await nvidiaSmi('echo "1, 1, 1"')
  process.env['CUDA_VISIBLE_DEVICES'] = '3, GPU-5f2a,1'
  await createGpuMeter(2).read()
  assert.match((await calls())[0]!, /^--id=3,GPU-5f2a /)
})

test('what a GPU cannot tell is left out, and the rest is told', async () => {
  await nvidiaSmi('printf "12, 100, [N/A]\\n14, 200, 70\\n"')
  assert.deepEqual(await createGpuMeter(2).read(), { gpu_utilization: 0.13, gpu_memory_bytes: 200 * 1024 ** 2 })
})

test('an answer that is not understood, a failure, one that hangs and none tell nothing, and are not asked again', async () => {
  for (const script of ['echo "12 %, 100 MiB, 70 W"', 'echo "12, 100"', 'echo "1, 2, 3, 4"', 'echo', 'exit 9']) {
    await nvidiaSmi(script)
    const meter = createGpuMeter(1)
    assert.deepEqual([script, await meter.read(), await meter.read()], [script, {}, {}])
    assert.equal((await calls()).length, 1)
  }
  await nvidiaSmi('exec sleep 60')
  assert.deepEqual(await createGpuMeter(1, 100).read(), {})
  process.env['PATH'] = join(bin, 'nowhere')
  assert.deepEqual(await createGpuMeter(1).read(), {})
})
