/** What a run was last trained with, beside its record: a run may go on with another engine, and then its weights are other bits. */
import { readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { writeDurably } from '../base/durable-files.ts'
import { isRecord } from '../base/json.ts'
import type { StartedEvent } from '../protocol/training-events.ts'

const FILE = 'trained-with.json'
const FIELDS = ['engine', 'device', 'precision'] as const

export type TrainedWith = Pick<StartedEvent, (typeof FIELDS)[number]> & {
  /** Left out of what older versions have written. It decides no bits but by rounding, so it is not compared. */
  readonly devices?: number
}

const inWords = ({ engine, device, precision }: TrainedWith): string =>
  `${engine} on ${device}${device.includes(precision) ? '' : ` in ${precision}`}`

/** Keeps what the run is trained with now. @returns what to say where that is not what it was trained with before */
export async function noteEngine(
  folder: string,
  started: TrainedWith & Pick<StartedEvent, 'step' | 'devices'>
): Promise<string | null> {
  const before = await lastEngine(folder)
  const { engine, device, precision, devices, step } = started
  const now: TrainedWith = { engine, device, precision, devices }
  // A note: a full disk ends a run at its next checkpoint, not here.
  await keep(join(folder, FILE), now).catch(() => {})
  if (before === null || step === 0 || FIELDS.every((field) => before[field] === now[field])) return null
  return `It was trained with ${inWords(before)} until here, and goes on with ${inWords(now)}: not bit for bit what it would have been.`
}

async function keep(file: string, now: TrainedWith): Promise<void> {
  await rm(file, { recursive: true, force: true })
  await writeDurably(file, [Buffer.from(`${JSON.stringify(now, null, 2)}\n`)])
}

/** Null where nobody has said yet: a run of 0.2, or one that never started. */
export async function lastEngine(folder: string): Promise<TrainedWith | null> {
  const text = await readFile(join(folder, FILE), 'utf8').catch(() => null)
  try {
    const value: unknown = JSON.parse(text ?? 'null')
    return isRecord(value) && FIELDS.every((field) => typeof value[field] === 'string')
      ? (value as unknown as TrainedWith)
      : null
  } catch {
    return null // half a file of a full disk: it is written anew
  }
}
