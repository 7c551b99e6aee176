/** `kappa embed` and `kappa knn`: an exported model on packed datasets, without a platform. */
import { mkdir } from 'node:fs/promises'
import { dirname } from 'node:path'
import { parseArgs } from 'node:util'
import { writeDurably } from '../base/durable-files.ts'
import { AppError, isAppError } from '../base/errors.ts'
import { encodeSafetensors } from '../base/safetensors.ts'
import { openOnnxFile } from '../engine/onnx-engine.ts'
import { knnAccuracy } from '../math/knn.ts'
import { type DatasetEmbeddings, embedDataset } from './dataset-embeddings.ts'
import { openServingModel } from './serving-model.ts'

export const INFERENCE_USAGE = `
  kappa embed --model FOLDER --dataset FOLDER --out FILE
      writes embeddings.safetensors: "embeddings" [images, dimensions], and "labels" where there are any
  kappa knn --model FOLDER --bank FOLDER --queries FOLDER [--k 20]
      top-1 of the weighted k-nearest neighbours (temperature 0.07), labelled packed datasets
`

const text = { type: 'string' } as const
const OPTIONS = { model: text, dataset: text, out: text, bank: text, queries: text, k: { ...text, default: '20' } }

/** @returns the exit code: 0, 1 when the work failed, 2 for wrong arguments */
export async function runInferenceCommand(name: 'embed' | 'knn', args: readonly string[]): Promise<number> {
  try {
    const { values } = parseArgs({ args: [...args], options: OPTIONS })
    const need = (option: 'model' | 'dataset' | 'out' | 'bank' | 'queries'): string => {
      const value = values[option]
      if (value === undefined) throw new AppError('invalid_request', { message: `--${option} is needed.` })
      return value
    }
    const model = await openServingModel(need('model'), (path) => openOnnxFile(path))
    try {
      if (name === 'embed') await writeEmbeddings(await embedDataset(model, need('dataset')), need('out'))
      else {
        const [bank, queries] = [await embedDataset(model, need('bank')), await embedDataset(model, need('queries'))]
        process.stdout.write(`k-NN top-1: ${(100 * knnTop1(bank, queries, Number(values.k))).toFixed(1)} %\n`)
      }
      return 0
    } finally {
      await model.dispose()
    }
  } catch (error) {
    const isWrongWord = error instanceof TypeError && 'code' in error && String(error.code).startsWith('ERR_PARSE_ARGS')
    if (!isWrongWord && !isAppError(error)) throw error
    process.stderr.write(`${error.message}\n${INFERENCE_USAGE}`)
    return isWrongWord || isAppError(error, 'invalid_request') ? 2 : 1
  }
}

async function writeEmbeddings({ embeddings, labels, dimensions }: DatasetEmbeddings, path: string): Promise<void> {
  const images = embeddings.length / dimensions
  const tensors = new Map([['embeddings', { shape: [images, dimensions], data: embeddings }]])
  if (labels !== null) tensors.set('labels', { shape: [images], data: Float32Array.from(labels) })
  await mkdir(dirname(path), { recursive: true })
  await writeDurably(path, encodeSafetensors(tensors))
}

function knnTop1(bank: DatasetEmbeddings, queries: DatasetEmbeddings, k: number): number {
  if (bank.labels === null || queries.labels === null) {
    throw new AppError('invalid_request', { message: 'Nearest neighbours vote with labels; these datasets have none.' })
  }
  return knnAccuracy({
    bank: bank.embeddings,
    queries: queries.embeddings,
    dim: bank.dimensions,
    k,
    bankLabels: bank.labels,
    queryLabels: queries.labels,
    classes: Math.max(bank.classes, queries.classes)
  })
}
