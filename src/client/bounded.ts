/** Bodies that end: who answers may send without end, and what is parsed as JSON is in memory as a whole, several times over. */
import { ownProblem, type Problem } from './problem.ts'

const MEBIBYTE = 1024 * 1024

/** Ten times what the largest answers of the API have: 2,048 vectors as numbers. */
export const MOST_ANSWER_BYTES = 256 * MEBIBYTE
/** Of a refusal: some sentences, and sixteen fields. */
export const MOST_PROBLEM_BYTES = MEBIBYTE

/** Browsers give the answer to a DELETE an empty stream, and refuse to make a Response of such a status with any. */
const NO_BODY: ReadonlySet<number> = new Set([101, 204, 205, 304])

const tooLarge = (most: number): Problem =>
  ownProblem('bad_answer', `The server answers with more than ${most / MEBIBYTE} MiB, which is no answer to this.`)

/** The same answer, whose body breaks off with a Problem where it is longer. Counted as it is read, after it was unpacked. */
export function bounded(response: Response, most: number): Response {
  const { body, status, statusText, headers } = response
  if (body === null || NO_BODY.has(status)) return response
  let bytes = 0
  const counted = body.pipeThrough(
    new TransformStream<Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>>({
      transform(chunk, controller) {
        bytes += chunk.length
        if (bytes > most) controller.error(tooLarge(most))
        else controller.enqueue(chunk)
      }
    })
  )
  return new Response(counted, { status, statusText, headers })
}
