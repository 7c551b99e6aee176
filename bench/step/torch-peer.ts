/** The same step in PyTorch, in a process of its own: $KAPPA_PYTHON, or python3. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, open, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { Recipe } from '../../src/recipe/schema.ts'
import { planOf } from '../../src/training/step/plan.ts'
import { initialState, stateSpecs } from '../../src/training/step/state.ts'
import { randomBatch } from './recipes.ts'
import type { Side } from './side.ts'

/** Op by op, or all that lies before the optimizer through torch.compile. */
export const PEERS = ['eager', 'compiled'] as const
export type Peer = (typeof PEERS)[number]

export interface PeerOptions {
  readonly threads: number
  readonly optimizer: string
  readonly device: 'cpu' | 'cuda'
  /** Autocast to bfloat16. */
  readonly amp: boolean
}

async function writeForPeer(folder: string, recipe: Recipe, options: PeerOptions & { compile: boolean }) {
  const state = initialState(recipe)
  // Its optimizer begins with moments of its own.
  const specs = stateSpecs(recipe).filter(({ name }) => !name.startsWith('adam.'))
  let offset = 0
  const tensors = specs.map(({ name, shape }) => {
    const entry = { name, shape, offset, count: state[name]!.length }
    offset += entry.count
    return entry
  })
  await writeFile(join(folder, 'plan.json'), JSON.stringify({ ...planOf(recipe), ...options, tensors }))
  const file = await open(join(folder, 'state.bin'), 'w')
  for (const { name } of tensors) await file.write(state[name]!)
  await file.close()
  const { globalCrops, localCrops } = randomBatch(recipe)
  await writeFile(join(folder, 'batch.bin'), Buffer.concat([globalCrops, localCrops]))
}

export async function torchPeer(peer: Peer, recipe: Recipe, options: PeerOptions): Promise<Side> {
  const folder = await mkdtemp(join(tmpdir(), 'kappa-bench-'))
  await writeForPeer(folder, recipe, { ...options, compile: peer === 'compiled' })
  const python = process.env['KAPPA_PYTHON'] ?? 'python3'
  const script = new URL('../train_step_torch.py', import.meta.url).pathname
  const child = spawn(python, [script, folder], { stdio: ['pipe', 'pipe', 'inherit'] })
  child.stdin.on('error', () => {}) // of one that has ended, which its answers tell
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  const answer = async () => {
    const line = await lines.next()
    if (line.done) throw new Error(`${python} ended early; it needs torch`)
    return JSON.parse(line.value)
  }
  const forget = () => rm(folder, { recursive: true, force: true })
  const facts = await answer().catch(async (error) => {
    await forget()
    throw error
  })
  return {
    name: `PyTorch ${peer}`,
    facts,
    turn: (schedules) => {
      child.stdin.write(`${JSON.stringify({ schedules })}\n`)
      return answer()
    },
    async close() {
      const ended = child.exitCode === null && child.signalCode === null ? once(child, 'exit') : null
      child.stdin.end()
      await ended
      await forget()
    }
  }
}
