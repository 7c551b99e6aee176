/** A trained and exported model, and the inference child as the API forks it, with its messages as questions and answers. */
import type { ChildProcess } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import sharp from 'sharp'
import { systemClock } from '../../../src/base/clock.ts'
import { createEngine } from '../../../src/engine/create-engine.ts'
import { openOnnxFile } from '../../../src/engine/onnx-session.ts'
import { prng } from '../../../src/math/prng.ts'
import { exportModel } from '../../../src/model/export.ts'
import type {
  AssignResult,
  EmbedResult,
  InferenceAnswer,
  InferenceControl,
  InferenceFailure,
  InferenceMessage,
  InferenceRequest,
  InferenceSettings,
  InferenceSuccess,
  InferenceWeight,
  MapResult
} from '../../../src/protocol/inference-messages.ts'
import type { CheckpointEvent } from '../../../src/protocol/training-events.ts'
import { train } from '../../../src/training/train.ts'
import { muRecipe } from '../../helpers/mu-recipe.ts'
import { writeTinyDataset } from '../../helpers/tiny-dataset.ts'
import { collect, type Forked, forkLab, INFERENCE, type Scope } from './lab-folder.ts'

/** Trained for an epoch; its folder is gone with the scope. */
export async function makeServedModel(
  t: Scope
): Promise<{ readonly root: string; readonly folder: string; readonly checkpoint: string }> {
  const root = await mkdtemp(join(tmpdir(), 'kappa-server-'))
  t.after(() => rm(root, { recursive: true, force: true }))
  const folder = join(root, 'model')
  const engine = createEngine({ threads: 1 })
  const recipe = muRecipe({ epochs: 1, freezeLastLayerEpochs: 0 })
  const datasetFolder = await writeTinyDataset(join(root, 'dataset'))
  const events = train({ recipe, datasetFolder, outFolder: join(root, 'out'), engine, clock: systemClock, loaders: 0 })
  const checkpoint = (await collect(events)).find((event): event is CheckpointEvent => event.type === 'checkpoint')!
  const options = { checkpointFolder: checkpoint.folder, datasetFolder, outFolder: folder, engine }
  await collect(exportModel({ ...options, openOnnxFile: (path) => openOnnxFile(path, { threads: 1 }) }))
  return { root, folder, checkpoint: checkpoint.folder }
}

type Left = 'id' | 'asker' | 'isHeld'
export type VectorQuestion =
  | Omit<Extract<InferenceRequest, { kind: 'embed' }>, Left>
  | Omit<Extract<InferenceRequest, { kind: 'assign' }>, Left>
export type Question =
  | VectorQuestion
  | Omit<Extract<InferenceRequest, { kind: 'map' }>, Left>
  | Omit<Extract<InferenceRequest, { kind: 'load' }>, Left>

export interface EmbedOptions {
  readonly dimensions?: number
  readonly precision?: 'int8'
  readonly output?: 'bottleneck'
  readonly timeoutMs?: number
}

export interface AssignOptions {
  readonly topK: number
  readonly temperature?: number
  readonly posterior?: 'teacher' | 'model' | 'fitted'
}

export const embedding = (
  model: VectorQuestion['model'],
  images: Uint8Array[],
  options: EmbedOptions
): VectorQuestion => ({ kind: 'embed', model, images, options })

export const assigning = (
  model: VectorQuestion['model'],
  images: Uint8Array[],
  options: AssignOptions
): VectorQuestion => ({ kind: 'assign', model, images, options })

/** A request that is under way. */
export interface Asked {
  readonly answer: Promise<InferenceAnswer>
  /** Of a held request: pixels of every image. */
  readonly weight: Promise<readonly number[]>
  tell(kind: 'admit' | 'abort'): void
}

export interface Server extends Pick<Forked<InferenceMessage>, 'exited' | 'received'> {
  readonly child: ChildProcess
  ask(question: Question): Promise<InferenceAnswer>
  /** By a key, and held until it is admitted. */
  hold(question: Question, key: string): Asked
}

export async function startServer(
  t: Scope,
  settings: Partial<InferenceSettings> = {},
  environment: NodeJS.ProcessEnv = {}
): Promise<Server> {
  const args = [JSON.stringify(settings)]
  const { child, exited, find, received } = forkLab<InferenceMessage>(t, INFERENCE, args, environment)
  let lastId = 0
  await find((message): message is Extract<InferenceMessage, { ready: true }> => 'ready' in message)
  const send = (question: Question, key: string, isHeld: boolean): number => {
    const id = ++lastId
    child.send({ ...question, id, asker: { key, request: id }, isHeld } as InferenceRequest) // put together again
    return id
  }
  const answerOf = (id: number) => find((message): message is InferenceAnswer => 'ok' in message && message.id === id)
  return {
    child,
    exited,
    received,
    ask: (question) => answerOf(send(question, 'key_1', false)),
    hold(question, key) {
      const id = send(question, key, true)
      const weighed = find((message): message is InferenceWeight => 'pixels' in message && message.id === id)
      return {
        answer: answerOf(id),
        weight: weighed.then(({ pixels }) => pixels),
        tell: (kind) => void child.send({ kind, id } satisfies InferenceControl)
      }
    }
  }
}

export const png = (seed: number, side = 20): Promise<Uint8Array> => {
  const random = prng(seed)
  const pixels = Uint8Array.from({ length: side * side * 3 }, () => random.integer(256))
  return sharp(pixels, { raw: { width: side, height: side, channels: 3 } })
    .png()
    .toBuffer()
}

export const embeddings = (answer: InferenceAnswer): EmbedResult => (answer as InferenceSuccess).result as EmbedResult
export const assignments = (answer: InferenceAnswer): AssignResult =>
  (answer as InferenceSuccess).result as AssignResult
export const mapIn = (answer: InferenceAnswer): MapResult => (answer as InferenceSuccess).result as MapResult
export const failure = (answer: InferenceAnswer) => {
  const { code, index } = answer as InferenceFailure
  return { ok: answer.ok, code, index }
}
