/**
 * A thread that reads a model's weights and traces its program for a device, at every size of a batch: half a second of computing
 * for which no request has to wait.
 */
import { createHash } from 'node:crypto'
import { parentPort, workerData } from 'node:worker_threads'
import { invariant } from '../base/errors.ts'
import { type SentError, sentError } from '../base/sent-error.ts'
import type { Precision } from '../engine/engine.ts'
import type { TensorSpec } from '../engine/tensor-spec.ts'
import type { WrittenProgram } from '../engine/xla/run-program.ts'
import { writeProgram } from '../engine/xla/write-program.ts'
import { withBatch } from '../engine/xla/xla-engine.ts'
import { readView, type ViewSource } from '../model/view.ts'
import type { ServedView } from '../protocol/inference-messages.ts'
import type { ModelFileConfig } from '../protocol/model-folder.ts'

export interface DeviceOrder extends ViewSource {
  /** Null: what a checkpoint embeds with. */
  readonly view: ServedView | null
  readonly batches: readonly number[]
  readonly precision: Precision
}

export interface BatchProgram {
  /** Equal keys are equal programs, whatever model they are of. */
  readonly key: string
  readonly batch: number
  readonly written: WrittenProgram
}

/** A model's program for a device. */
export interface DeviceParts {
  /** At the size of the view. */
  readonly config: ModelFileConfig
  readonly specs: readonly TensorSpec[]
  readonly weights: Readonly<Record<string, Float32Array>>
  /** One for each batch. */
  readonly programs: readonly BatchProgram[]
}

export type DeviceAnswer = { readonly parts: DeviceParts } | { readonly failure: SentError }

invariant(parentPort !== null, 'device-thread.ts runs as a worker thread only')
const { view, batches, precision, ...source } = workerData as DeviceOrder // sent by device-parts.ts

async function makeParts(): Promise<DeviceParts> {
  const { config, program, weights: read } = await readView(source, view)
  const specs = program.inputs.filter(({ name }) => name in read)
  // Copies of their own, which are then handed over: those that were read are pieces of a whole file.
  const weights = Object.fromEntries(specs.map(({ name }) => [name, read[name]!.slice()]))
  const held = specs.map(({ name }) => name)
  const programs = batches.map((batch) => {
    const written = writeProgram(withBatch(program, batch), { held, mayRound: true }, precision)
    return { key: createHash('sha256').update(written.text).digest('hex'), batch, written }
  })
  return { config, specs, weights, programs }
}

const answer: DeviceAnswer = await makeParts().then(
  (parts) => ({ parts }),
  (error: unknown) => ({ failure: sentError(error) })
)
const buffers = 'parts' in answer ? Object.values(answer.parts.weights).map(({ buffer }) => buffer as ArrayBuffer) : []
parentPort.postMessage(answer, buffers)
