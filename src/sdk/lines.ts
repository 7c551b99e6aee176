/** Lines of a body that may be larger than memory. */
import { ownProblem, throwUnreachable } from '../client/problem.ts'

/** Of one line: an answer of 2,048 vectors as numbers has a tenth of it. */
const MOST_LINE_CHARACTERS = 256 * 1024 * 1024

/** Without their ends; empty ones are left out. @throws Problem network where the body breaks off, bad_answer where a line has no end */
export async function* linesOf(body: ReadableStream<Uint8Array>): AsyncGenerator<string, void> {
  const reader = body.getReader()
  const decoder = new TextDecoder('utf-8', { ignoreBOM: true })
  let rest = ''
  try {
    for (;;) {
      const { done, value } = await reader.read().catch(throwUnreachable)
      const text = done ? decoder.decode() : decoder.decode(value, { stream: true })
      rest += text
      if (done || text.includes('\n')) {
        const lines = rest.split('\n')
        rest = done ? '' : lines.pop()!
        for (const line of lines) if (line.trim() !== '') yield line
      }
      if (done) return
      if (rest.length > MOST_LINE_CHARACTERS)
        throw ownProblem(
          'bad_answer',
          `The server answers with a line of more than ${MOST_LINE_CHARACTERS} characters.`
        )
    }
  } finally {
    await reader.cancel().catch(() => {}) // of one that is left early; what broke off has nothing to cancel
  }
}
