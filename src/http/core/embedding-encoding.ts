/** Vectors as JSON, base64 or raw numbers, without holding up the event loop. */
import { setImmediate as nextTurn } from 'node:timers/promises'
import { type OutputDtype, packVector } from '../../base/output-dtype.ts'

/** 384 numbers of JSON take about 0.1 ms; other requests get their turn after so many numbers. */
const NUMBERS_PER_TURN = 8192

export const toBase64 = (embedding: Float32Array, dtype: OutputDtype): string =>
  Buffer.from(packVector(embedding, dtype).bytes).toString('base64')

/** [images, dimensions], row by row. */
export const toRaw = (embeddings: readonly Float32Array[], dtype: OutputDtype): Buffer =>
  Buffer.concat(embeddings.map((embedding) => packVector(embedding, dtype).bytes))

/** `{"object":"list","data":[…],` and then `rest`, whose first brace is left out. */
export async function* streamEmbeddings(
  embeddings: readonly Float32Array[],
  dtype: OutputDtype,
  rest: object
): AsyncGenerator<string> {
  let text = '{"object":"list","data":['
  let sinceTurn = 0
  for (const [index, embedding] of embeddings.entries()) {
    const comma = index === 0 ? '' : ','
    text += `${comma}{"object":"embedding","index":${index},"embedding":[${packVector(embedding, dtype).numbers.join(',')}]}`
    sinceTurn += embedding.length
    if (sinceTurn < NUMBERS_PER_TURN) continue
    yield text
    text = ''
    sinceTurn = 0
    await nextTurn()
  }
  yield `${text}],${JSON.stringify(rest).slice(1)}`
}
