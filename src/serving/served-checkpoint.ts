/** A checkpoint that is served while its run goes on: it embeds. Its program is made in a thread and thrown away when it is open. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Worker } from 'node:worker_threads'
import { toError } from '../base/errors.ts'
import { receivedError } from '../base/sent-error.ts'
import type { ModelFileConfig } from '../protocol/model-folder.ts'
import type { CheckpointAnswer, CheckpointFolders } from './checkpoint-thread.ts'
import { createServingModel, type OpenOnnxFile, type ServingModel } from './serving-model.ts'

/** @throws AppError checkpoint_invalid, checkpoint_not_found, storage_full */
export async function openServedCheckpoint(
  checkpoint: string,
  openOnnxFile: OpenOnnxFile,
  sessionsOf?: (bytes: number) => number
): Promise<ServingModel> {
  const folder = await mkdtemp(join(tmpdir(), 'kappa-checkpoint-'))
  try {
    const config = await makeProgram({ checkpoint, programs: folder })
    const model = await createServingModel({
      config,
      head: null,
      folder,
      openOnnxFile,
      ...(sessionsOf && { sessionsOf })
    })
    await model.open('embed')
    return model
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

function makeProgram(workerData: CheckpointFolders): Promise<ModelFileConfig> {
  const { promise, resolve, reject } = Promise.withResolvers<ModelFileConfig>()
  const thread = new Worker(new URL('./checkpoint-thread.ts', import.meta.url), { workerData })
  thread.once('message', (answer: CheckpointAnswer) => {
    if ('config' in answer) resolve(answer.config)
    else reject(receivedError(answer.failure, 'the program of a checkpoint'))
  })
  thread.once('error', (error) => reject(toError(error)))
  thread.once('exit', (code) => reject(new Error(`the thread of a checkpoint ended with code ${code}`)))
  return promise
}
