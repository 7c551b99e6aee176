/** Vectors as JSON, base64 or raw float32, without holding up the event loop. */
import { setImmediate as nextTurn } from 'node:timers/promises'

/** 384 numbers of JSON take about 0.1 ms; other requests get their turn after so many numbers. */
const NUMBERS_PER_TURN = 8192

/** Little-endian, as every machine that Node runs on has it. */
const bytesOf = ({ buffer, byteOffset, byteLength }: Float32Array): Buffer =>
  Buffer.from(buffer, byteOffset, byteLength)

export const toBase64 = (embedding: Float32Array): string => bytesOf(embedding).toString('base64')

/** [images, dimensions], row by row. */
export const toRawFloats = (embeddings: readonly Float32Array[]): Buffer => Buffer.concat(embeddings.map(bytesOf))

/** `{"object":"list","data":[…],` and then `rest`, whose first brace is left out. */
export async function* streamEmbeddings(embeddings: readonly Float32Array[], rest: object): AsyncGenerator<string> {
  let text = '{"object":"list","data":['
  let sinceTurn = 0
  for (const [index, embedding] of embeddings.entries()) {
    const comma = index === 0 ? '' : ','
    text += `${comma}{"object":"embedding","index":${index},"embedding":[${embedding.join(',')}]}`
    sinceTurn += embedding.length
    if (sinceTurn < NUMBERS_PER_TURN) continue
    yield text
    text = ''
    sinceTurn = 0
    await nextTurn()
  }
  yield `${text}],${JSON.stringify(rest).slice(1)}`
}
