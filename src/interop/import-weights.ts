/**
 * Weights of others as one of our networks: every tensor that the network needs is found under its name there, and every
 * tensor that is there has been used or is known to be of no use. Anything else is an error that lists the names.
 */
import { AppError, type FieldError } from '../base/errors.ts'
import type { Network } from '../recipe/network.ts'
import type { PositionResampling, WeightFormat, WeightOptions } from '../recipe/weight-options.ts'
import { resized } from './imported-size.ts'
import { resamplePositions, resamplingOf } from './position-table.ts'
import { type LazyTensor, NoTensor, shownName, type TensorsByName } from './tensor-source.ts'
import { openWeightFiles, type WeightFiles } from './weight-files.ts'
import { type Layout, layoutOf, unsupported } from './weight-layout.ts'
import type { Rule } from './weight-rules.ts'
import { sizesOf } from './weight-sizes.ts'

export interface ImportedWeights {
  readonly format: WeightFormat
  readonly network: Network
  readonly hasHead: boolean
  /** By our names: `backbone.…`, and `head.…` where there is a head. */
  readonly weights: Readonly<Record<string, Float32Array>>
  /** [K] of the teacher's logits, before the temperature; null where the weights come without. */
  readonly center: Float32Array | null
  readonly files: Omit<WeightFiles, 'tensors' | 'center' | 'close'>
  /** Null when the positions are as they were stored. */
  readonly resampling: PositionResampling | null
  readonly leftOut: readonly { readonly name: string; readonly reason: string }[]
}

/** A list in a message; all names are in `errors`. */
const MOST_NAMES = 8

/**
 * @param path a weight file, or a folder with one and its configuration
 * @throws AppError checkpoint_invalid, weights_unsupported, weights_mismatch, invalid_request
 */
export async function importWeights(path: string, options: WeightOptions): Promise<ImportedWeights> {
  const { tensors, center: storedCenter, close, ...files } = await openWeightFiles(path, options.network)
  try {
    const layout = layoutOf(tensors, options.format)
    const stored = sizesOf(layout, files, options)
    const { network, resampling } = resize(stored, layout, options)
    const { hasHead } = layout
    const rules = layout.rules({ ...layout, network: stored })
    const leftOut = checkNames(layout, rules)
    const weights = await readRules(layout.tensors, rules)
    if (resampling !== null) {
      const grids = { from: stored.imageSize / stored.patchSize, to: network.imageSize / network.patchSize, resampling }
      weights['backbone.pos_embed'] = resamplePositions(weights['backbone.pos_embed']!, grids)
    }
    const center = hasHead && storedCenter !== null ? await readCenter(storedCenter, network) : null
    return { format: layout.format, network, hasHead, weights, center, files, resampling, leftOut }
  } finally {
    await close()
  }
}

async function readCenter(stored: LazyTensor, { prototypes }: Network): Promise<Float32Array> {
  const center = await stored.read()
  if (center.length === prototypes && center.every(Number.isFinite)) return center
  throw unsupported(`The center of the loss holds no ${prototypes} finite numbers, one a prototype.`)
}

function resize(
  stored: Network,
  { format, names }: Layout,
  options: WeightOptions
): { network: Network; resampling: PositionResampling | null } {
  const network = resized(stored, options, names.position)
  const isAsStored = names.position === null || network.imageSize === stored.imageSize
  return { network, resampling: isAsStored ? null : (options.resampling ?? resamplingOf(format, stored)) }
}

function checkNames({ tensors, leftOut }: Layout, rules: readonly Rule[]): ImportedWeights['leftOut'] {
  const used = new Set<string>()
  const errors: FieldError[] = []
  const missing: string[] = []
  for (const { name, shape } of rules.flatMap(({ sources }) => sources)) {
    used.add(name)
    const found = tensors.get(name)
    if (found === undefined) missing.push(name)
    else if (found instanceof NoTensor) errors.push({ path: name, message: `is ${found.what}, not a tensor` })
    else if (!sameShape(found.shape, shape)) {
      errors.push({ path: name, message: `has the shape [${found.shape}], not [${shape}]` })
    }
  }
  const rest = [...tensors.keys()].filter((name) => !used.has(name))
  const known = rest.flatMap((name) => {
    const other = tensors.get(name) instanceof NoTensor ? 'is no tensor' : undefined
    const reason = leftOut.find(({ pattern }) => pattern.test(name))?.reason ?? other
    return reason === undefined ? [] : [{ name, reason }]
  })
  const unknown = rest.filter((name) => !known.some((one) => one.name === name))
  errors.push(...missing.map((path) => ({ path, message: 'is missing' })))
  errors.push(...unknown.map((path) => ({ path, message: 'is left over' })))
  if (errors.length === 0) return known
  const message = `The weights do not fit: ${summary(errors)}.`
  throw new AppError('weights_mismatch', { message, errors })
}

function summary(errors: readonly FieldError[]): string {
  const shown = errors.slice(0, MOST_NAMES).map(({ path, message }) => `${shownName(path)} ${message}`)
  const others = errors.length - shown.length
  return others > 0 ? `${shown.join('; ')}; and ${others} more` : shown.join('; ')
}

const sameShape = (a: readonly number[], b: readonly number[]): boolean =>
  a.length === b.length && a.every((size, i) => size === b[i])

async function readRules(tensors: TensorsByName, rules: readonly Rule[]): Promise<Record<string, Float32Array>> {
  const weights: Record<string, Float32Array> = {}
  for (const { target, sources, make } of rules) {
    const parts: Float32Array[] = []
    for (const { name } of sources) parts.push(await tensors.get(name)!.read())
    const values = make === undefined ? parts[0]! : make(parts)
    if (!values.every(Number.isFinite)) {
      throw unsupported(`${sources[0]!.name} holds numbers that are not finite.`)
    }
    weights[target] = values
  }
  return weights
}
