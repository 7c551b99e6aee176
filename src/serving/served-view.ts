/**
 * A model at another size or with another program than its folder has, and a checkpoint while its run goes on. The program is made in a
 * thread and thrown away when it is open; one is made at a time, so that whoever asks for many sizes at once does not have the memory
 * of all.
 * Projects and models take turns: a hundred sizes of one are minutes, for which others do not wait.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Worker } from 'node:worker_threads'
import { toError } from '../base/errors.ts'
import { receivedError } from '../base/sent-error.ts'
import type { ServedView } from '../protocol/inference-messages.ts'
import type { ModelFileConfig } from '../protocol/model-folder.ts'
import { createModelTurns, type ModelTurn } from './model-turns.ts'
import { createServingModel, type OpenOnnxFile, openHead, type ServingModel } from './serving-model.ts'
import type { ViewAnswer, ViewOrder } from './view-thread.ts'

/** Its folder is of weights, or of a checkpoint. */
export interface ViewedModel extends ModelTurn {
  readonly isCheckpoint?: boolean
  /** Left out, what a checkpoint embeds with. */
  readonly view?: ServedView
}

export type OpenView = (model: ViewedModel) => Promise<ServingModel>

/** The function throws AppError checkpoint_invalid, checkpoint_not_found, model_not_ready, model_without_head, storage_full. */
export function createViews(openOnnxFile: OpenOnnxFile, copiesOf?: (bytes: number) => number): OpenView {
  const inTurn = createModelTurns()
  /** Its file is removed when it is open. */
  const openWhole: OpenOnnxFile = async (path, bytes) => {
    const program = await openOnnxFile(path, bytes)
    await program.isRead
    return program
  }
  return ({ projectId, folder, isCheckpoint = false, view }) =>
    inTurn({ projectId, folder }, async () => {
      const programs = await mkdtemp(join(tmpdir(), 'kappa-view-'))
      try {
        const config = await makeProgram({ folder, isCheckpoint, view: view ?? null, programs })
        const kind = view?.kind ?? 'embed'
        const model = await createServingModel({
          config,
          head: isCheckpoint ? null : await openHead(folder, config),
          folder: programs,
          kinds: [kind],
          openOnnxFile: openWhole,
          ...(copiesOf && { copiesOf })
        })
        await model.open(kind)
        return model
      } finally {
        await rm(programs, { recursive: true, force: true })
      }
    })
}

function makeProgram(workerData: ViewOrder): Promise<ModelFileConfig> {
  const { promise, resolve, reject } = Promise.withResolvers<ModelFileConfig>()
  const thread = new Worker(new URL('./view-thread.ts', import.meta.url), { workerData })
  thread.once('message', (answer: ViewAnswer) => {
    if ('config' in answer) resolve(answer.config)
    else reject(receivedError(answer.failure, 'the program of a view'))
  })
  thread.once('error', (error) => reject(toError(error)))
  thread.once('exit', (code) => reject(new Error(`the thread of a view ended with code ${code}`)))
  return promise
}
