/**
 * The inference child: messages in, answers out. It computes and decodes what strangers upload, so it may die; the parent
 * starts another. It holds nothing that the model folders do not.
 */
import { inspect } from 'node:util'
import type { Clock } from '../base/clock.ts'
import { createModelCache } from '../cache/model-cache.ts'
import type { Engine } from '../engine/engine.ts'
import type { ServingDevice } from '../engine/xla/serving-device.ts'
import {
  DEFAULT_INFERENCE_SETTINGS,
  type InferenceControl,
  type InferenceMessage,
  type InferenceRequest,
  type InferenceSettings,
  type ServedModel
} from '../protocol/inference-messages.ts'
import { createImageDecoder } from './decode.ts'
import { serveOnDevice } from './device-serving.ts'
import { createRequestHandler } from './requests.ts'
import { createViews } from './served-view.ts'
import { type OpenOnnxFile, openServingModel, type ServingModel } from './serving-model.ts'

/** The part of `process` that a forked child needs. */
export type ParentChannel = Pick<NodeJS.Process, 'on' | 'send' | 'exit' | 'stderr'>

export interface ServingOptions {
  readonly settings: InferenceSettings
  readonly engine: Pick<Engine, 'name' | 'device'>
  readonly openOnnxFile: OpenOnnxFile
  /** Of a program whose file has so many bytes. */
  readonly copiesOf?: (bytes: number) => number
  /** What computes in the place of ONNX files, where it can. */
  readonly device?: ServingDevice | null
  readonly clock: Clock
}

/** @param text JSON of the settings that differ from the defaults; undefined for none */
export const readInferenceSettings = (text: string | undefined): InferenceSettings => ({
  ...DEFAULT_INFERENCE_SETTINGS,
  ...(text === undefined ? {} : JSON.parse(text))
})

export function serveRequests(
  parent: ParentChannel,
  { settings, engine, openOnnxFile, copiesOf, device = null, clock }: ServingOptions
): void {
  const report = (error: unknown) => void parent.stderr.write(`${inspect(error)}\n`)
  const openView = createViews(openOnnxFile, copiesOf)
  const openOnCpu = (model: ServedModel) =>
    model.isCheckpoint || model.view ? openView(model) : openServingModel(model.folder, openOnnxFile, copiesOf)
  const { maxModelBytes, maxBatch, sessions: runs } = settings
  const onLost = (error: unknown) => {
    report(error)
    report('the device fails again and again: the process ends, another is started')
    parent.exit(1)
  }
  const onDevice =
    device &&
    serveOnDevice({
      device,
      maxModelBytes,
      maxBatch,
      runs,
      openOnCpu,
      onFellBack: (fellBack) => send({ fellBack }),
      onLost,
      report
    })
  const models = createModelCache<ServingModel, ServedModel>({
    maxBytes: onDevice?.maxWeightBytes ?? maxModelBytes,
    open: onDevice?.open ?? openOnCpu,
    report
  })
  const decoder = createImageDecoder({
    limits: { maxBytes: settings.maxImageBytes, maxPixels: settings.maxImagePixels },
    maxDecodingPixels: settings.maxDecodingPixels,
    clock,
    onStuck: () => {
      report('the image decoder hangs: the process ends, another is started')
      parent.exit(1)
    }
  })
  const handler = createRequestHandler({
    settings,
    models,
    decoder,
    clock,
    onWeighed: (weight) => send(weight),
    report
  })
  const send = (message: InferenceMessage) => {
    // An answer that cannot be sent has no reader any more; 'disconnect' ends the process.
    parent.send?.(message, undefined, undefined, () => {})
  }
  const take = (message: InferenceRequest | InferenceControl) => {
    switch (message.kind) {
      case 'ping':
        return send({ pong: true })
      case 'admit':
        return handler.admit(message.id)
      case 'abort':
        return handler.abort(message.id)
      default:
        void handler.answer(message).then(send)
    }
  }
  parent.on('disconnect', () => parent.exit(0))
  parent.on('message', (message) => take(message as InferenceRequest | InferenceControl)) // the parent runs the same version
  send({ ready: true, engine: engine.name, device: engine.device })
}
