/** Asks a thread for what a device needs of a model; one thread at a time, each of which holds the weights of one model. */
import { Worker } from 'node:worker_threads'
import { toError } from '../base/errors.ts'
import { receivedError } from '../base/sent-error.ts'
import type { DeviceAnswer, DeviceOrder, DeviceParts } from './device-thread.ts'

/** The function throws AppError checkpoint_invalid, checkpoint_not_found, model_not_ready, model_without_head, program_untraceable. */
export type MakeDeviceParts = (order: DeviceOrder) => Promise<DeviceParts>

export const makeDeviceParts: MakeDeviceParts = (workerData) => {
  const { promise, resolve, reject } = Promise.withResolvers<DeviceParts>()
  const thread = new Worker(new URL('./device-thread.ts', import.meta.url), { workerData })
  thread.once('message', (answer: DeviceAnswer) => {
    if ('parts' in answer) resolve(answer.parts)
    else reject(receivedError(answer.failure, 'the program of a device'))
  })
  thread.once('error', (error) => reject(toError(error)))
  thread.once('exit', (code) => reject(new Error(`the thread of a device's program ended with code ${code}`)))
  return promise
}
