/**
 * The stages `prototypes` and `mixture` of a model: counts who wins which training image, fits the mixture to their bottleneck
 * vectors, and hands back the report with the tensors that serving computes with.
 */
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { FloatTensor } from '../base/safetensors.ts'
import type { LoadedProgram } from '../engine/engine.ts'
import { signedRows } from '../math/vectors.ts'
import type { ExportEvent } from '../protocol/export-messages.ts'
import { defaultPosterior, type HeadConfig, type PrototypeFile } from '../protocol/model-folder.ts'
import { mixtureAt, teacherMixture, unitOf } from './assigner.ts'
import { concatenateImages, splitRows } from './embedder.ts'
import { type FittedMixture, fitMixture, MOST_ITERATIONS } from './fitted-mixture.ts'
import type { ImageSource } from './image-source.ts'
import { mixtureTensors } from './mixture-file.ts'
import { countUsage, reportPrototypes, type UsageCounts } from './prototype-report.ts'

/** Training images that prototypes are counted over and the mixture is fitted to. */
const COUNTED_IMAGES = 10_000
const BATCH = 64

export interface DescribedSubject {
  readonly head: HeadConfig
  readonly weights: Readonly<Record<string, Float32Array>>
  readonly center: Float32Array | null
  readonly images: ImageSource
  readonly seed: number
  readonly openAssign: () => Promise<LoadedProgram>
  readonly signal?: AbortSignal
}

export interface Described {
  readonly report: PrototypeFile
  /** By MIXTURE_TENSORS; empty where there is neither a center nor a mixture. */
  readonly tensors: ReadonlyMap<string, FloatTensor>
}

/** Null when it was stopped. */
export async function* describePrototypes(subject: DescribedSubject): AsyncGenerator<ExportEvent, Described | null> {
  const { head, weights, center } = subject
  const norms = weights['head.last_layer.weight_g']!
  const mixture = mixtureAt(norms, head)
  const counts = countUsage(teacherMixture(mixture, { centering: head.centering, center }) ?? mixture)
  yield { type: 'export_progress', stage: 'prototypes', share: 0 }
  const vectors = yield* seeImages(subject, counts)
  if (vectors === null) return null
  yield { type: 'export_progress', stage: 'mixture', share: 0 }
  const fitted = yield* fitToImages(subject, { counts, vectors })
  if (fitted === 'stopped') return null
  const directions = signedRows(weights['head.last_layer.weight_v']!, norms)
  const posterior = defaultPosterior(head)
  return {
    report: reportPrototypes({ mixture, posterior, directions, counts, fitted }),
    tensors: mixtureTensors(center, fitted)
  }
}

/** Unit bottleneck vectors of all counted images, [N, p]; null when it was stopped. */
async function* seeImages(
  { head, images, openAssign, signal }: DescribedSubject,
  counts: UsageCounts
): AsyncGenerator<ExportEvent, Float64Array | null> {
  const wanted = Math.min(COUNTED_IMAGES, images.datasetImages)
  const vectors = new Float64Array(wanted * head.bottleneckDim)
  const assign = await openAssign()
  try {
    for await (const batch of images.batches(wanted, BATCH)) {
      if (signal?.aborted) return null
      const { cosine, bottleneck } = await assign.run({ images: concatenateImages(batch) })
      splitRows(bottleneck!, batch.length).forEach((row, i) => {
        vectors.set(unitOf(row), (counts.images + i) * head.bottleneckDim)
      })
      counts.add(cosine!)
      yield { type: 'export_progress', stage: 'prototypes', share: counts.images / wanted }
    }
  } finally {
    await assign.dispose()
  }
  return vectors
}

async function* fitToImages(
  { head, seed, signal }: DescribedSubject,
  { counts, vectors }: { counts: UsageCounts; vectors: Float64Array }
): AsyncGenerator<ExportEvent, FittedMixture | null | 'stopped'> {
  if (counts.images === 0) return null
  const fit = fitMixture({ vectors, dim: head.bottleneckDim, labels: Int32Array.from(counts.labels), seed })
  for (let step = fit.next(); ; step = fit.next()) {
    if (step.done) return step.value
    // An iteration computes synchronously: a stop message is heard in between.
    await nextTurn()
    if (signal?.aborted) return 'stopped'
    yield { type: 'export_progress', stage: 'mixture', share: step.value.iteration / MOST_ITERATIONS }
  }
}
