/** The same images through the same network by PIL, torchvision and PyTorch, in a process of its own: $KAPPA_PYTHON, or python3. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { MODEL_FILES, type ModelFileConfig } from '../../src/protocol/model-folder.ts'
import type { Side, Turn } from './sides.ts'

export const PEERS = ['eager', 'compiled'] as const
export type Peer = (typeof PEERS)[number]

export interface PeerOptions {
  readonly photos: string
  readonly modelFolder: string
  readonly config: ModelFileConfig
  readonly threads: number
  readonly batch: number
}

/** @returns also the vector of the first photo: that it computes the same is checked, not believed */
export async function torchPeer(
  peer: Peer,
  options: PeerOptions
): Promise<Side & { readonly vector: readonly number[] }> {
  const { modelFolder, config, ...rest } = options
  const { network, preprocessing, normalization } = config
  const plan = join(modelFolder, `${peer}.json`)
  const weights = join(modelFolder, MODEL_FILES.backbone)
  const compile = peer === 'compiled'
  await writeFile(plan, JSON.stringify({ ...rest, weights, network, preprocessing, normalization, compile }))
  const python = process.env['KAPPA_PYTHON'] ?? 'python3'
  const script = new URL('../embed_torchvision.py', import.meta.url).pathname
  const child = spawn(python, [script, plan], { stdio: ['pipe', 'pipe', 'inherit'] })
  child.stdin.on('error', () => {}) // of one that has ended, which its answers tell
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  const answer = async () => {
    const line = await lines.next()
    if (line.done) throw new Error(`${python} ended early; it needs torch and torchvision`)
    return JSON.parse(line.value)
  }
  const { version, vector } = await answer()
  return {
    name: `PyTorch ${version} ${peer}`,
    vector,
    turn: (images): Promise<Turn> => {
      child.stdin.write(`${JSON.stringify({ images })}\n`)
      return answer()
    },
    async close() {
      const ended = child.exitCode === null && child.signalCode === null ? once(child, 'exit') : null
      child.stdin.end()
      await ended
    }
  }
}
