/**
 * A packed dataset through a model, into files of so many images each:
 *
 *   NNNNNN.f32     float32, little-endian, row by row
 *   NNNNNN.jsonl   {"index", "name", "label", "prototype", "probability", "log_density"} a line
 *
 * No batch is of two parts, so that a part has the same bytes whoever makes it and whatever came before.
 */
import { open, rename } from 'node:fs/promises'
import { join } from 'node:path'
import { invariant } from '../base/errors.ts'
import { writing } from '../base/system-errors.ts'
import { assignImage } from '../model/assigner.ts'
import { defaultPosterior } from '../protocol/model-folder.ts'
import { type EmbeddedImage, embedImages } from './embed-images.ts'
import type { ServedProgram, ServingModel } from './serving-model.ts'

interface EmbedPartsOptions {
  readonly model: ServingModel
  /** A packed dataset. */
  readonly datasetFolder: string
  readonly partsFolder: string
  readonly partImages: number
  readonly firstPart: number
  readonly assigns: boolean
}

interface PartFiles {
  readonly part: number
  readonly images: number
  readonly vectorsPath: string
  readonly imagesPath: string
}

/** So far, of all images; and a part whenever one is whole. */
interface PartStep {
  readonly images: number
  readonly part: PartFiles | null
}

interface Assigned {
  readonly prototype: number
  readonly probability: number
  readonly log_density: number | null
}

/** @throws AppError what opening a program and reading the images throws; storage_full */
export async function* embedParts(options: EmbedPartsOptions): AsyncGenerator<PartStep> {
  const { model, datasetFolder, partImages, firstPart, assigns } = options
  const embed = await model.open('embed')
  const assigning = assigns ? await openAssigning(model) : null
  const { run } = assigning === null ? embed : assigning.beside(embed)
  // Of one session: what images are assigned to is noted in the order of the runs.
  const program = { run, batch: batchOf(embed, partImages) }
  const from = firstPart * partImages
  const origin = { kind: 'packed', path: datasetFolder } as const
  let images = from
  let part = await startPart(options, firstPart)
  try {
    for await (const batch of embedImages({ origin, target: model.config, program, from })) {
      await part.add(batch.images, images, assigning?.take(batch.images.length) ?? null)
      images += batch.images.length
      const isWhole = part.images() === partImages
      yield { images, part: isWhole ? await part.finish() : null }
      if (isWhole) part = await startPart(options, images / partImages)
    }
    if (part.images() > 0) yield { images, part: await part.finish() }
  } finally {
    await part.close()
  }
}

/** As many as suit a run and leave no rest of a part. */
function batchOf({ batch: most = 1 }: ServedProgram, partImages: number): number {
  let batch = Math.min(most, partImages)
  while (partImages % batch > 0) batch--
  return batch
}

/** Notes what each image that is embedded is assigned to. */
async function openAssigning(model: ServingModel) {
  const { head } = model
  invariant(head !== null, 'a model without prototypes assigns nothing')
  const program = await model.open('assign')
  const posterior = defaultPosterior(head)
  const assigned: Assigned[] = []
  const beside = (embed: ServedProgram): ServedProgram => ({
    run: async (pixels) => {
      for (const row of await program.run(pixels)) {
        const outputs = { cosines: row.subarray(0, head.prototypes), bottleneck: row.subarray(head.prototypes) }
        const { topK, logDensity } = assignImage(outputs, head.views, { topK: 1, posterior })
        const { prototype, probability } = topK[0]!
        assigned.push({ prototype, probability, log_density: logDensity })
      }
      return embed.run(pixels)
    }
  })
  return { beside, take: (images: number): Assigned[] => assigned.splice(0, images) }
}

const NOTHING = { prototype: null, probability: null, log_density: null } as const

async function startPart({ partsFolder }: EmbedPartsOptions, part: number) {
  const path = (ending: string) => join(partsFolder, `${String(part).padStart(6, '0')}.${ending}`)
  const [vectorsPath, imagesPath] = [path('f32'), path('jsonl')]
  const [vectors, lines] = [await open(`${vectorsPath}.partial`, 'w'), await open(`${imagesPath}.partial`, 'w')]
  let count = 0
  const close = async () => {
    await vectors.close()
    await lines.close()
  }
  return {
    images: () => count,
    close,
    async add(batch: readonly EmbeddedImage[], first: number, assigned: readonly Assigned[] | null): Promise<void> {
      for (const { embedding } of batch) {
        const { buffer, byteOffset, byteLength } = embedding
        await writing(vectors.writeFile(new Uint8Array(buffer, byteOffset, byteLength)))
      }
      const rows = batch.map(({ name, label }, i) => ({
        ...{ index: first + i, name, label: label === null ? null : String(label) },
        ...(assigned?.[i] ?? NOTHING)
      }))
      await writing(lines.writeFile(rows.map((row) => `${JSON.stringify(row)}\n`).join('')))
      count += batch.length
    },
    async finish(): Promise<PartFiles> {
      await close()
      await rename(`${vectorsPath}.partial`, vectorsPath)
      await rename(`${imagesPath}.partial`, imagesPath)
      return { part, images: count, vectorsPath, imagesPath }
    }
  }
}
