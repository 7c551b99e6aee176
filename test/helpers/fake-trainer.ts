/**
 * Stands in for src/bin/trainer.ts: same messages, no tensors. Its state is a hash chain, so it continues from a checkpoint
 * exactly or visibly not. What it does wrong comes as JSON in the recipe's preset (`FakeScript`).
 */
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { isAppError } from '../../src/base/errors.ts'
import { readLines } from '../../src/base/json-lines.ts'
import type { BatchRequestMessage } from '../../src/protocol/batch-messages.ts'
import { readBatchLine } from '../../src/protocol/batch-request.ts'
import type { EmbedRequest } from '../../src/protocol/embedding-messages.ts'
import type { EvaluateRequest } from '../../src/protocol/evaluation-messages.ts'
import type { ExportRequest, ImportRequest } from '../../src/protocol/export-messages.ts'
import type { MachineEvent, TrainerRequest, TrainRequest, WorkEvent } from '../../src/protocol/trainer-messages.ts'
import { surveyBatch } from '../../src/serving/batch-survey.ts'
import { mapFake } from './fake-map.ts'
import { FAKE_CONFIG, SEEN } from './fake-model.ts'

export interface FakeScript {
  readonly totalSteps?: number
  readonly stepMs?: number
  readonly checkpointEverySteps?: number
  /** Misbehave at this step; with `onceMarker` only as long as that file does not exist. */
  readonly at?: number
  readonly how?: 'kill' | 'exit' | 'fail' | 'hang' | 'alarm'
  readonly code?: 'loss_not_finite' | 'out_of_memory'
  readonly onceMarker?: string
  /** Waits here until the file exists. */
  readonly gate?: { readonly step: number; readonly file: string }
}

const say = (event: WorkEvent | MachineEvent): void => void process.send!(event)
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))
const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex')

/** The state hash after so many steps of an undisturbed run. */
export function stateAfter(seed: number, steps: number): string {
  let state = sha256(`seed ${seed}`)
  for (let step = 1; step <= steps; step++) state = sha256(`${state} ${step}`)
  return state
}

let shouldStop = false

function checkpoint(request: TrainRequest, step: number, state: string): void {
  const folder = join(request.outFolder, 'checkpoints', `step-${step}`)
  mkdirSync(folder, { recursive: true })
  const text = JSON.stringify({ step, state })
  writeFileSync(join(folder, 'state.json'), text)
  const files = [{ path: 'state.json', bytes: text.length, sha256: sha256(text) }]
  say({ type: 'checkpoint', step, epoch: Math.floor(step / 5), folder, files, stateHash: state })
}

function misbehaves(script: FakeScript, step: number): boolean {
  if (script.at !== step) return false
  if (script.onceMarker === undefined) return true
  if (existsSync(script.onceMarker)) return false
  writeFileSync(script.onceMarker, '')
  return true
}

async function misbehave(script: FakeScript, step: number): Promise<'end' | 'go on'> {
  if (script.how === 'kill') process.kill(process.pid, 'SIGKILL')
  if (script.how === 'exit') throw new Error(`scripted crash at step ${step}`)
  if (script.how === 'hang') await new Promise(() => setInterval(() => {}, 1000))
  if (script.how === 'alarm') {
    say({ type: 'alarm', rule: 'collapse_uniform', step, sinceStep: step - 1, message: 'scripted alarm' })
    return 'go on'
  }
  say({ type: 'failed', step, code: script.code ?? 'loss_not_finite', message: `scripted failure in step ${step}` })
  process.exitCode = 1
  return 'end'
}

async function train(request: TrainRequest): Promise<void> {
  const { recipe, resumeFrom } = request
  const script = JSON.parse(recipe.preset) as FakeScript
  const { totalSteps = 10, stepMs = 1, checkpointEverySteps = 2 } = script
  const begin = resumeFrom
    ? (JSON.parse(readFileSync(join(resumeFrom, 'state.json'), 'utf8')) as { step: number; state: string })
    : { step: 0, state: stateAfter(recipe.seed, 0) }
  let { step, state } = begin
  let savedStep = -1
  say({
    type: 'started',
    step,
    totalSteps,
    stepsPerEpoch: 5,
    images: 20,
    parameters: 1,
    engine: 'fake',
    device: 'none',
    deviceKind: 'cpu',
    devices: request.devices ?? 1,
    precision: 'float32'
  })
  const stops = () => shouldStop && script.how !== 'hang'
  while (step < totalSteps && !stops()) {
    await pause(stepMs)
    while (script.gate?.step === step && !existsSync(script.gate.file) && !stops()) await pause(5)
    if (stops()) break
    if (misbehaves(script, step + 1) && (await misbehave(script, step + 1)) === 'end') return process.disconnect?.()
    step += 1
    state = sha256(`${state} ${step}`)
    say({ type: 'step', step, epoch: Math.floor(step / 5), metrics: { loss: 1 / step } })
    if (step % checkpointEverySteps === 0) {
      checkpoint(request, step, state)
      savedStep = step
    }
  }
  if (savedStep !== step) checkpoint(request, step, state)
  say({ type: 'done', step, reason: step === totalSteps ? 'completed' : 'stopped' })
  process.disconnect?.()
}

/**
 * What an export does is the checkpoint's state, and what an import does the text of the first file of its source: `fail`,
 * `kill`, `kill <marker file>` (once), `heap` (as V8 ends without memory), `few` (a collapse that is served), `hang <marker file>`
 * (which writes its process id there, and hears no stop), or anything else.
 */
function exportFake(request: ExportRequest | ImportRequest): void {
  const { outFolder } = request
  const { step, state } =
    request.type === 'export'
      ? JSON.parse(readFileSync(join(request.checkpointFolder, 'state.json'), 'utf8'))
      : { step: 0, state: readFileSync(join(request.source, readdirSync(request.source)[0]!), 'utf8') }
  const [how, marker] = String(state).split(' ')
  if (how === 'kill' && !(marker && existsSync(marker))) {
    if (marker) writeFileSync(marker, '')
    process.kill(process.pid, 'SIGKILL')
  }
  if (how === 'hang') {
    writeFileSync(marker ?? '', String(process.pid))
    return
  }
  if (how === 'heap') {
    process.stderr.write('FATAL ERROR: Reached heap limit Allocation failed - JavaScript heap out of memory\n')
    process.kill(process.pid, 'SIGABRT')
  }
  if (how === 'fail') {
    say({ type: 'failed', step, code: 'checkpoint_invalid', message: 'scripted failure' })
    process.exitCode = 1
    process.disconnect?.()
    return
  }
  mkdirSync(outFolder)
  const prototype = { kappa: 3, logNormalizer: -1, meanProbability: 0.5, nearest: [], usage: 4 }
  const fitted = { weight: 1, kappa: 300, kappaInterval: [250, 350], resultantLength: 0.97, usage: 8, meanCosine: 0.97 }
  const angleDegrees = { p5: 5, p50: 14, p95: 20 }
  const summary = { images: 7, heldOutImages: 1, components: 1, dropped: 1, iterations: 3, hasConverged: true }
  const contents = {
    'config.json': { ...FAKE_CONFIG, step },
    'prototypes.json': {
      format: 'kappa-prototypes/2',
      posterior: 'teacher',
      images: 8,
      used: 2,
      unique: 2,
      topShare: 0.5,
      alarm: how === 'few' ? 'Few prototypes take all images.' : null,
      fitted: { ...summary, heldOutLogLikelihood: 12, uniformLogLikelihood: 4, logDensityQuantiles: [11, 13] },
      prototypes: [0, 1].map((index) => ({
        index,
        ...prototype,
        duplicatesOf: null,
        fitted: index === 0 ? { prototype: 0, ...fitted, angleDegrees } : null
      }))
    },
    'verification.json': { images: 8, maxAbsError: 1e-6, minCosine: 0.999, reference: 'fake', realImages: true }
  }
  const files = Object.entries(contents).map(([path, content]) => {
    const text = JSON.stringify(content)
    writeFileSync(join(outFolder, path), text)
    return { path, bytes: text.length, sha256: sha256(text) }
  })
  say({ type: 'export_progress', stage: 'files', share: 0 })
  say({ type: 'exported', folder: outFolder, files, step })
  process.disconnect?.()
}

/**
 * What an evaluation does is the text of `script` in the model's folder: `fail`, `kill`, `kill <marker file>` (once), `wait`
 * (until it is stopped), `deaf` (hears no stop), or anything else.
 */
async function evaluateFake({ subject, bank, queries, protocols }: EvaluateRequest): Promise<void> {
  const isModel = subject.kind === 'model'
  const [how, marker] = isModel ? readFileSync(join(subject.folder, 'script'), 'utf8').split(' ') : ['good']
  if (!isModel) readFileSync(join(subject.folder, 'state.json'))
  if (how === 'kill' && !(marker && existsSync(marker))) {
    if (marker) writeFileSync(marker, '')
    process.kill(process.pid, 'SIGKILL')
  }
  say({ type: 'evaluation_progress', images: 20, protocol: 'knn', measured: 0 })
  while (how === 'deaf' || (how === 'wait' && !shouldStop)) await pause(5)
  if (how === 'wait') say({ type: 'done', step: 0, reason: 'stopped' })
  else if (how === 'fail') {
    say({
      type: 'failed',
      step: 0,
      code: 'evaluation_impossible',
      message: `knn needs labels\0, and ${bank.name} has none`
    })
    process.exitCode = 1
  } else {
    const estimate = { value: 0.5, low: 0.4, high: 0.6 }
    const settings = { k: [10], leaveOneOut: queries === null }
    const metrics = { top1_k10: estimate }
    const knn = { protocol: 'knn', settings, bank: 20, queries: 20, classes: 2, metrics } as const
    const leftOut = protocols === null ? [{ protocol: 'logistic', reason: 'needs more' } as const] : []
    say({ type: 'evaluated', results: [{ ...knn, dimensions: 8 }], leftOut, prototypes: SEEN })
  }
  process.disconnect?.()
}

/** Of the twenty images that every dataset of the workbench has. */
const EMBEDDED = 20
const DIMENSIONS = 8

/** Waits until the event has left: what follows may be the end. */
const tell = (event: WorkEvent): Promise<void> =>
  new Promise((resolve) => process.send!(event, undefined, undefined, () => resolve()))

/**
 * What an embedding does is the text of `script` in the model's folder: `fail`, `kill <marker file>` (once, after the first part),
 * `wait` or `wait <marker file>` (once; after the first part, until it is stopped), or anything else. What an image points to depends on its number alone.
 */
async function embedFake(request: EmbedRequest): Promise<void> {
  const [how, marker = ''] = readFileSync(join(request.modelFolder, 'script'), 'utf8').split(' ')
  if (how === 'fail') {
    await tell({ type: 'failed', step: 0, code: 'image_invalid', message: 'scripted failure' })
    process.exitCode = 1
    return process.disconnect?.()
  }
  const { partImages, partsFolder, firstPart } = request
  for (let part = firstPart; part * partImages < EMBEDDED; part++) {
    const indexes = Array.from({ length: EMBEDDED }, (_, i) => i).slice(part * partImages, (part + 1) * partImages)
    const [vectorsPath, imagesPath] = [join(partsFolder, `${part}.f32`), join(partsFolder, `${part}.jsonl`)]
    const vectors = indexes.flatMap((index) => Array.from({ length: DIMENSIONS }, (_, i) => (i === index % 8 ? 1 : 0)))
    writeFileSync(vectorsPath, new Uint8Array(Float32Array.from(vectors).buffer))
    const assigned = { prototype: 1, probability: 0.5, log_density: null }
    const lines = indexes.map((index) => JSON.stringify({ index, name: `${index}.png`, label: 'left', ...assigned }))
    writeFileSync(imagesPath, `${lines.join('\n')}\n`)
    const images = Math.min(EMBEDDED, (part + 1) * partImages)
    await tell({ type: 'embedding_progress', images })
    await tell({ type: 'embedded_part', part, images: indexes.length, vectorsPath, imagesPath })
    if (how === 'kill' && !existsSync(marker)) {
      writeFileSync(marker, String(firstPart))
      // What was told is stored meanwhile.
      await pause(200)
      process.kill(process.pid, 'SIGKILL')
    }
    while (how === 'wait' && !shouldStop && !existsSync(marker)) await pause(5)
    if (shouldStop) {
      if (marker !== '') writeFileSync(marker, '')
      await tell({ type: 'done', step: 0, reason: 'stopped' })
      return process.disconnect?.()
    }
  }
  await tell({ type: 'embedded', images: EMBEDDED })
  process.disconnect?.()
}

/** As an embedding, by the lines of its input: one whose input is `bad` fails, and every other is answered by its place. */
async function batchFake(request: BatchRequestMessage): Promise<void> {
  const [how, marker = ''] = readFileSync(join(request.modelFolder, 'script'), 'utf8').split(' ')
  const { batchId, endpoint, modelId, tokensPerImage, inputPath, partsFolder, partLines } = request
  let { position } = request
  let texts = { output: '', errors: '' }
  const isFirst = position.offset === 0
  const tellPart = async () => {
    const part = Math.ceil((position.completed + position.failed) / partLines) - 1
    const [outputPath, errorsPath] = [join(partsFolder, `${part}.output`), join(partsFolder, `${part}.errors`)]
    writeFileSync(outputPath, texts.output)
    writeFileSync(errorsPath, texts.errors)
    texts = { output: '', errors: '' }
    await tell({ type: 'batch_part', part, outputPath, errorsPath, position })
    if (how === 'kill' && !existsSync(marker)) {
      writeFileSync(marker, '')
      // What was told is stored meanwhile.
      await pause(200)
      process.kill(process.pid, 'SIGKILL')
    }
    while (how === 'wait' && isFirst && !shouldStop) await pause(5)
  }
  const survey = await surveyBatch(request, new AbortController().signal)
  await tell({ type: 'batch_surveyed', images: survey?.images ?? 0 })
  for await (const { bytes, end } of readLines(inputPath, position.offset)) {
    const done = position.completed + position.failed + 1
    const { customId, request: asked } = readBatchLine(bytes, endpoint)
    const name = { id: `${batchId}_req_${done}`, custom_id: customId }
    const isAnswer = !isAppError(asked) && asked.input[0] !== 'bad'
    const line = { ...name, response: { status_code: isAnswer ? 200 : 422, body: {} }, error: null }
    const vector = { object: 'embedding', index: 0, embedding: [done, 0] }
    const body = { object: 'list', data: [vector], model: modelId, usage: { total_tokens: tokensPerImage } }
    texts[isAnswer ? 'output' : 'errors'] +=
      `${JSON.stringify(isAnswer ? { ...line, response: { status_code: 200, body } } : line)}\n`
    const { completed, failed, images } = position
    position = isAnswer
      ? { offset: end, completed: completed + 1, failed, images: images + asked.input.length }
      : { offset: end, completed, failed: failed + 1, images }
    await tell({ type: 'batch_progress', position })
    if (done % partLines === 0) await tellPart()
    if (shouldStop) {
      await tell({ type: 'done', step: 0, reason: 'stopped' })
      return process.disconnect?.()
    }
  }
  if (texts.output + texts.errors !== '') await tellPart()
  await tell({ type: 'batch_answered' })
  process.disconnect?.()
}

/** A machine with one processor. */
function examine(): void {
  const offer = { engine: 'fake', version: '1', device: 'none', kind: 'cpu', devices: 1 } as const
  say({ type: 'machine', offers: [{ ...offer, memoryBytes: null, precision: 'float32' }], problem: null })
  process.disconnect?.()
}

if (process.send) {
  process.once('disconnect', () => process.exit())
  process.on('message', (message: TrainerRequest) => {
    if (message.type === 'stop') shouldStop = true
    else if (message.type === 'train') void train(message)
    else if (message.type === 'examine') examine()
    else if (message.type === 'evaluate') void evaluateFake(message)
    else if (message.type === 'embed') void embedFake(message)
    else if (message.type === 'batch') void batchFake(message)
    else if (message.type === 'map') void mapFake(message, tell)
    else if (message.type === 'export' || message.type === 'import') exportFake(message)
  })
}
