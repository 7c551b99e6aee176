/** The same step in PyTorch, in a process of its own: $KAPPA_PYTHON, or python3. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, open, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { Recipe } from '../../src/recipe/schema.ts'
import { planOf } from '../../src/training/step/plan.ts'
import { initialState, stateSpecs } from '../../src/training/step/state.ts'
import type { StepBatch, StepSchedule } from '../../src/training/step/step.ts'

export interface Turn {
  readonly losses: number[]
  readonly ms: number[]
  /** Processor time of one step, all threads: hardly moved by what else runs on the machine. */
  readonly cpuMs: number
  /** Of the process, or of the GPU where that computes. */
  readonly peakBytes: number
}

export interface Side {
  turn(schedules: readonly StepSchedule[]): Promise<Turn>
  close(): Promise<void>
}

export interface PeerOptions {
  readonly threads: number
  readonly optimizer: string
  readonly compile: boolean
  readonly device?: 'cpu' | 'cuda'
  /** Autocast to bfloat16. */
  readonly amp?: boolean
}

async function writeForPeer(folder: string, { recipe, batch, options }: Peer): Promise<void> {
  const state = initialState(recipe)
  let offset = 0
  const tensors = stateSpecs(recipe).map(({ name, shape }) => {
    const entry = { name, shape, offset, count: state[name]!.length }
    offset += entry.count
    return entry
  })
  const plan = JSON.stringify({ device: 'cpu', amp: false, ...planOf(recipe), ...options, tensors })
  await writeFile(join(folder, 'plan.json'), plan)
  // One by one: a copy of the whole state would count as our side's peak memory.
  const file = await open(join(folder, 'state.bin'), 'w')
  for (const { name } of tensors) await file.write(state[name]!)
  await file.close()
  await writeFile(join(folder, 'batch.bin'), Buffer.concat([batch.globalCrops, batch.localCrops]))
}

interface Peer {
  readonly recipe: Recipe
  readonly batch: StepBatch
  readonly options: PeerOptions
}

export async function torchPeer(recipe: Recipe, batch: StepBatch, options: PeerOptions): Promise<Side> {
  const folder = await mkdtemp(join(tmpdir(), 'kappa-bench-'))
  await writeForPeer(folder, { recipe, batch, options })
  const python = process.env['KAPPA_PYTHON'] ?? 'python3'
  const script = new URL('../train_step_torch.py', import.meta.url).pathname
  const child: ChildProcess = spawn(python, [script, folder], { stdio: ['pipe', 'pipe', 'inherit'] })
  const lines = createInterface({ input: child.stdout! })[Symbol.asyncIterator]()
  const answer = async () => {
    const line = await lines.next()
    if (line.done) throw new Error(`${python} ended early; it needs torch`)
    return JSON.parse(line.value)
  }
  console.log(`PyTorch ${(await answer()).torch}`)
  return {
    turn: (schedules) => {
      child.stdin!.write(`${JSON.stringify({ schedules })}\n`)
      return answer()
    },
    async close() {
      const ended = once(child, 'exit')
      child.stdin!.write(`${JSON.stringify({ quit: true })}\n`)
      await ended
      await rm(folder, { recursive: true, force: true })
    }
  }
}
