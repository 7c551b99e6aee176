/**
 * Fetches an image from the internet for a stranger, which is how servers get used to look at their own network (SSRF):
 * https only, hosts from a list, and the address is judged where the connection is made, so that a name cannot point
 * elsewhere the second time it is asked.
 */
import type { lookup as systemLookup } from 'node:dns'
import type { IncomingMessage } from 'node:http'
import { type RequestOptions, request as systemRequest } from 'node:https'
import { isIP } from 'node:net'
import { AppError, toError } from '../../base/errors.ts'
import { guardLookup, isPrivateAddress } from '../addresses.ts'

export interface ImageFetchOptions {
  /** Exact host names; none means that nothing is fetched. */
  readonly allowedHosts: readonly string[]
  readonly maxBytes: number
  readonly timeoutMs: number
  readonly lookup?: typeof systemLookup
  readonly request?: (
    url: URL,
    options: RequestOptions,
    onResponse: (response: IncomingMessage) => void
  ) => ReturnType<typeof systemRequest>
  readonly isPrivate?: (address: string) => boolean
}

const MOST_REDIRECTS = 3
const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 307, 308])

const refuse = (message: string): AppError => new AppError('url_not_allowed', { message })
const unreachable = (message: string, cause?: unknown): AppError =>
  new AppError('url_unreachable', { message }, { cause })

/** @param gone aborted when nobody waits for the image any more */
export type FetchImage = (url: string, gone?: AbortSignal) => Promise<Uint8Array>

/** @throws AppError url_not_allowed, url_unreachable, image_too_large, client_gone */
export function createImageFetch(options: ImageFetchOptions): FetchImage {
  const { allowedHosts, maxBytes, timeoutMs, request = systemRequest, isPrivate = isPrivateAddress } = options
  const lookup = guardLookup(isPrivate, options.lookup)
  const hosts = new Set(allowedHosts.map((host) => host.toLowerCase()))

  function checkUrl(text: string, base?: URL): URL {
    const url = URL.parse(text, base?.href)
    if (url === null) throw refuse('The text is not a URL.')
    if (url.protocol !== 'https:') throw refuse('Only https URLs are fetched.')
    if (url.username !== '' || url.password !== '') throw refuse('URLs with credentials are not fetched.')
    if (!hosts.has(url.host)) throw refuse(`Images are not fetched from ${url.host}.`)
    const address = url.hostname.replace(/^\[|\]$/g, '')
    if (isIP(address) && isPrivate(address)) throw refuse(`${address} is not on the public internet.`)
    return url
  }

  const get = (url: URL, signal: AbortSignal): Promise<IncomingMessage> =>
    new Promise((resolve, reject) => {
      // A connection of its own: one from a pool could have been made under another name.
      const headers = { accept: 'image/*', 'user-agent': 'kappa' }
      request(url, { agent: false, lookup, signal, headers }, resolve).on('error', reject).end()
    })

  async function readBody(response: IncomingMessage): Promise<Uint8Array> {
    const chunks: Buffer[] = []
    let bytes = 0
    for await (const chunk of response as AsyncIterable<Buffer>) {
      bytes += chunk.length
      if (bytes > maxBytes) {
        throw new AppError('image_too_large', { message: `The image at the URL has more than ${maxBytes} bytes.` })
      }
      chunks.push(chunk)
    }
    return Buffer.concat(chunks, bytes)
  }

  async function follow(start: string, signal: AbortSignal): Promise<Uint8Array> {
    let url = checkUrl(start)
    for (let redirects = 0; redirects <= MOST_REDIRECTS; redirects++) {
      const response = await get(url, signal)
      const { statusCode = 0, headers } = response
      if (statusCode === 200) return readBody(response)
      response.destroy()
      if (!REDIRECTS.has(statusCode) || !headers.location)
        throw unreachable(`The URL answered with status ${statusCode}.`)
      url = checkUrl(headers.location, url)
    }
    throw unreachable(`The URL was redirected more than ${MOST_REDIRECTS} times.`)
  }

  return async (url, gone) => {
    const late = AbortSignal.timeout(timeoutMs)
    try {
      return await follow(url, gone ? AbortSignal.any([late, gone]) : late)
    } catch (thrown) {
      if (thrown instanceof AppError) throw thrown
      if (gone?.aborted) throw new AppError('client_gone')
      if (late.aborted) throw unreachable(`The URL did not answer within ${timeoutMs} ms.`, thrown)
      throw unreachable('The connection to the URL failed.', toError(thrown))
    }
  }
}
