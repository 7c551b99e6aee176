/** One part of an upload to the address that was signed for it. */
import { backoffMs } from '../client/backoff.ts'
import { bounded, MOST_PROBLEM_BYTES } from '../client/bounded.ts'
import { pause } from '../client/pause.ts'
import { isPassing, Problem, throwUnreachable } from '../client/problem.ts'

export interface Part {
  readonly number: number
  readonly url: string
  readonly body: Uint8Array
}

/** No key goes along: the address is all that the object store asks for. */
export type SendPart = (request: Request) => Promise<Response>

const TRIES = 6
/** A store that asks for a longer wait has refused. */
const LONGEST_WAIT_S = 90

function refusal(part: number, response: Response, text: string): Problem {
  const said = /<Message>([^<]*)|"detail":"([^"]*)/.exec(text)
  const why = said?.[1] ?? said?.[2] ?? `status ${response.status}`
  const message = `The object store did not take part ${part}: ${why}`
  const retryAfterS = Number(response.headers.get('retry-after')) || null
  return new Problem({
    status: response.status,
    code: 'upload_failed',
    message,
    requestId: response.headers.get('x-request-id'),
    errors: [],
    retryAfterS
  })
}

async function putOnce({ number, url, body }: Part, send: SendPart, signal: AbortSignal): Promise<string> {
  // The types of fetch leave out arrays that may be shared between threads; these are not.
  const request = new Request(url, { method: 'PUT', body: body as Uint8Array<ArrayBuffer>, signal })
  const response = await send(request).catch(throwUnreachable)
  const text = await bounded(response, MOST_PROBLEM_BYTES).text().catch(throwUnreachable)
  if (!response.ok) throw refusal(number, response, text)
  const etag = response.headers.get('etag')
  if (etag === null) throw refusal(number, response, '"detail":"it names no ETag"')
  return etag
}

/** @returns its ETag; what is refused for good is thrown at once */
export async function putPart(part: Part, send: SendPart, signal: AbortSignal): Promise<string> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await putOnce(part, send, signal)
    } catch (error) {
      signal.throwIfAborted()
      if (!(error instanceof Problem) || !isPassing(error) || attempt === TRIES) throw error
      const { retryAfterS } = error.details
      if (retryAfterS !== null && retryAfterS > LONGEST_WAIT_S) throw error
      await pause(retryAfterS === null ? backoffMs(attempt, Math.random()) : retryAfterS * 1000, signal)
      signal.throwIfAborted()
    }
  }
}
