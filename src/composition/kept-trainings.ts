/** Where a trainer child keeps the state of what trains for an evaluation: files that its worker brings to a safe place. */
import { createHash } from 'node:crypto'
import { open, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Clock } from '../base/clock.ts'
import { isAppError } from '../base/errors.ts'
import type { TrainedProtocol } from '../base/evaluation.ts'
import { decodeSafetensors, encodeSafetensors } from '../base/safetensors.ts'
import { writing } from '../base/system-errors.ts'
import type { KeptTraining, TrainingKeeper } from '../probing/kept-training.ts'
import type { EvaluateRequest, EvaluationKeptEvent } from '../protocol/evaluation-messages.ts'

type Keeping = NonNullable<EvaluateRequest['keeping']>

export interface FileKeeper extends TrainingKeeper {
  /** What was written since it was asked before; null for nothing. */
  take(): EvaluationKeptEvent | null
}

/** @throws what reading a file throws, but for one that holds no such state: then training begins anew */
export async function openKeeper(
  protocol: TrainedProtocol,
  { folder, everyMs, found }: Keeping,
  clock: Clock
): Promise<FileKeeper> {
  let keptAt = clock.now()
  let waiting: EvaluationKeptEvent | null = null
  const path = found[protocol]
  return {
    found: path === undefined ? null : await readKept(path),
    async keep(place, read) {
      if (clock.now() - keptAt < everyMs) return
      const kept = { place, ...(await read()) }
      const file = join(folder, `${protocol}-${place}.safetensors`)
      waiting = { type: 'evaluation_kept', protocol, place, path: file, ...(await writing(writeKept(file, kept))) }
      keptAt = clock.now() // writing counts as no training
    },
    take() {
      const event = waiting
      waiting = null
      return event
    }
  }
}

async function writeKept(path: string, { place, tensors, notes }: KeptTraining) {
  const flat = Object.entries(tensors).map(([name, data]) => [name, { shape: [data.length], data }] as const)
  const chunks = encodeSafetensors(new Map(flat), { ...notes, place: String(place) })
  const hash = createHash('sha256')
  let bytes = 0
  const file = await open(path, 'w')
  try {
    for (const chunk of chunks) {
      hash.update(chunk)
      bytes += chunk.byteLength
      await file.writeFile(chunk)
    }
  } finally {
    await file.close()
  }
  return { bytes, sha256: hash.digest('hex') }
}

async function readKept(path: string): Promise<KeptTraining | null> {
  const bytes = await readFile(path)
  try {
    const { tensors, metadata } = decodeSafetensors(bytes)
    const { place, ...notes } = metadata
    const floats = [...tensors].flatMap(([name, { data }]) => (data instanceof Float32Array ? [[name, data]] : []))
    return { place: Number(place), tensors: Object.fromEntries(floats), notes }
  } catch (error) {
    if (!isAppError(error, 'checkpoint_invalid')) throw error
    process.stderr.write(`training begins anew: what was kept of it cannot be read: ${error.message}\n`)
    return null
  }
}
