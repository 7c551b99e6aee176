/** Embeds whole datasets, for evaluation and for files that others read. */
import { openDatasetFolder } from '../images/dataset-folder.ts'
import { openImageSource } from './image-source.ts'
import type { ServingModel } from './serving-model.ts'

/** Images in one call of the session. */
const BATCH = 64

export interface DatasetEmbeddings {
  readonly dimensions: number
  /** [images, dimensions], unit rows, in the order of the dataset. */
  readonly embeddings: Float32Array
  /** [images]; null unless every image has one. */
  readonly labels: Int32Array | null
  /** One more than the largest label. */
  readonly classes: number
}

/** @throws AppError when the dataset or the model cannot be read */
export async function embedDataset(model: ServingModel, datasetFolder: string): Promise<DatasetEmbeddings> {
  const { imageSize, channels, embeddingDim } = model.config
  const images = await openImageSource(datasetFolder, { target: { imageSize, channels }, seed: 0 })
  try {
    const program = await model.open('embed')
    const embeddings = new Float32Array(images.datasetImages * embeddingDim)
    let row = 0
    for await (const pixels of images.batches(images.datasetImages, BATCH)) {
      for (const embedding of await program.run(pixels)) embeddings.set(embedding, row++ * embeddingDim)
    }
    const labels = await labelsOf(datasetFolder)
    return { dimensions: embeddingDim, embeddings, labels, classes: Math.max(-1, ...new Set(labels ?? [])) + 1 }
  } finally {
    await images.close()
  }
}

async function labelsOf(datasetFolder: string): Promise<Int32Array | null> {
  const dataset = await openDatasetFolder(datasetFolder)
  await dataset.close()
  const labels = dataset.records.map(({ label }) => label).filter((label) => label !== null)
  return labels.length === dataset.records.length ? Int32Array.from(labels) : null
}
