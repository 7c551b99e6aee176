/**
 * What does a training step take on a GPU that is not there? Compiles it ahead of time, a process a row, and prints launches,
 * planned memory beside what a recipe is estimated at, FLOPs and bytes.
 *
 *   npm run bench -- launches [--target h100] [--precision bfloat16] [--only PATTERN] [--json FILE]
 *
 * Needs `npx kappa engine install xla-cuda-aot`. A row takes up to two minutes.
 */
import { writeFile } from 'node:fs/promises'
import { parseArgs } from 'node:util'
import { PRECISIONS } from '../src/engine/engine.ts'
import { findCompiler } from '../src/engine/xla/find-plugin.ts'
import { GPU_TARGET_NAMES } from '../src/engine/xla/gpu-targets.ts'
import { recipeNumbers } from '../src/recipe/numbers.ts'
import { stepAhead } from '../src/training/step-ahead.ts'
import { STEPS_AHEAD } from './step/ahead.ts'

const { values } = parseArgs({
  options: {
    target: { type: 'string', default: 'h100' },
    precision: { type: 'string', default: 'bfloat16' },
    only: { type: 'string', default: '' },
    json: { type: 'string' }
  }
})
const target = GPU_TARGET_NAMES.find((name) => name === values.target)
const precision = PRECISIONS.find((name) => name === values.precision)
if (target === undefined) throw new Error(`--target is one of ${GPU_TARGET_NAMES.join(', ')}`)
if (precision === undefined) throw new Error(`--precision is one of ${PRECISIONS.join(', ')}`)

const MEBIBYTE = 1024 ** 2
const plugin = await findCompiler(process.env['KAPPA_PJRT_PLUGIN'] ?? null)
const rows = []
for (const [name, recipe] of Object.entries(STEPS_AHEAD).filter(([key]) => key.includes(values.only))) {
  const began = performance.now()
  const [step] = await stepAhead(recipe, { plugin, target, precision })
  const { launches, flops, bytes, memory } = step!
  const estimated = recipeNumbers(recipe, 0).gpuMemoryBytes
  rows.push({ name, launches, flops, bytes, memory, estimated })
  const { fusions, libraryCalls, copies, collectives, others, total } = launches
  const estimate = `${(memory.totalBytes / MEBIBYTE).toFixed(0)} MiB planned, ${(estimated / memory.totalBytes).toFixed(2)} of it estimated`
  const work = `${(flops / 1e12).toFixed(2)} TFLOP, ${(bytes / 1e9).toFixed(1)} GB`
  const counts = `${libraryCalls} + ${fusions} + ${copies + collectives + others} = ${total} launches`
  process.stdout.write(
    `${name}: ${counts} · ${estimate} · ${work} · ${((performance.now() - began) / 1000).toFixed(0)} s\n`
  )
}
if (values.json !== undefined) await writeFile(values.json, `${JSON.stringify(rows, null, 2)}\n`)
