/** The file that makes a checkpoint complete: written last, it names every other one with size and hash. */

import { AppError } from '../base/errors.ts'
import { canonicalStringify } from '../base/json.ts'
import type { Checkpoint } from '../domain/checkpoint.ts'

export const MANIFEST = 'manifest.json'
const FORMAT = 'kappa-checkpoint-manifest/1'

type Described = Pick<Checkpoint, 'step' | 'epoch' | 'stateHash' | 'files'>

const textOf = ({ step, epoch, stateHash, files }: Described): string =>
  canonicalStringify({ format: FORMAT, step, epoch, stateHash, files })

export const encodeManifest = (described: Described): Uint8Array => Buffer.from(`${textOf(described)}\n`)

/** @throws AppError object_damaged when the manifest is not the one that belongs to the checkpoint's row */
export function checkManifest(bytes: Uint8Array, checkpoint: Checkpoint): void {
  if (Buffer.from(bytes).toString().trimEnd() === textOf(checkpoint)) return
  throw new AppError('object_damaged', { message: `The manifest of ${checkpoint.id} is not what was written.` })
}
