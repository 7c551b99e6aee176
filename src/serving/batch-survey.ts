/**
 * A look at every line of a batch before the first is answered: how many images it will take, which a project needs room for, and which lines
 * repeat the `custom_id` of an earlier one. No image is decoded. Whoever goes on with a batch looks again: nothing is stored of it.
 */
import { isAppError } from '../base/errors.ts'
import { readLines } from '../base/json-lines.ts'
import type { BatchRequestMessage } from '../protocol/batch-messages.ts'
import { readBatchLine } from '../protocol/batch-request.ts'
import { CustomIds } from './custom-ids.ts'

export interface BatchSurvey {
  /** Of lines that may be answered. */
  readonly images: number
  readonly ids: CustomIds
}

export type SurveyedBatch = Pick<BatchRequestMessage, 'inputPath' | 'endpoint' | 'modelName' | 'lines' | 'limits'>

/** @returns null where the signal ended it */
export async function surveyBatch(
  { inputPath, endpoint, modelName, lines, limits }: SurveyedBatch,
  signal: AbortSignal
): Promise<BatchSurvey | null> {
  const ids = new CustomIds(lines)
  let line = 0
  let images = 0
  for await (const { bytes } of readLines(inputPath, 0)) {
    if (signal.aborted) return null
    const { customId, request } = readBatchLine(bytes, endpoint)
    line += 1
    if (customId !== null) ids.add(customId, line)
    if (isAppError(request) || request.model !== modelName || request.input.length > limits.imagesPerRequest) continue
    if (ids.firstLine(customId ?? '') === line) images += request.input.length
  }
  return { images, ids }
}
