/**
 * Fetches an image from the internet for a stranger, which is how servers get used to look at their own network (SSRF):
 * https only, hosts from a list, and the address is judged where the connection is made, so that a name cannot point
 * elsewhere the second time it is asked.
 */
import { lookup as systemLookup } from 'node:dns'
import type { IncomingMessage } from 'node:http'
import { type RequestOptions, request as systemRequest } from 'node:https'
import { BlockList, isIP, type LookupFunction } from 'node:net'
import { AppError, toError } from '../../base/errors.ts'

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

/** Everything that is not the public internet (IANA special-purpose registries). */
const PRIVATE_RANGES = [
  '0.0.0.0/8',
  '10.0.0.0/8',
  '100.64.0.0/10',
  '127.0.0.0/8',
  '169.254.0.0/16',
  '172.16.0.0/12',
  '192.0.0.0/24',
  '192.0.2.0/24',
  '192.88.99.0/24',
  '192.168.0.0/16',
  '198.18.0.0/15',
  '198.51.100.0/24',
  '203.0.113.0/24',
  '224.0.0.0/4',
  '240.0.0.0/4',
  '::/128',
  '::1/128',
  '64:ff9b::/96',
  '64:ff9b:1::/48',
  '100::/64',
  '2001::/23',
  '2001:db8::/32',
  '2002::/16',
  'fc00::/7',
  'fe80::/10',
  'ff00::/8'
]

const family = (address: string): 'ipv4' | 'ipv6' => (isIP(address) === 6 ? 'ipv6' : 'ipv4')

function createBlockList(): BlockList {
  const list = new BlockList()
  for (const range of PRIVATE_RANGES) {
    const [network = '', bits = ''] = range.split('/')
    list.addSubnet(network, Number(bits), family(network))
  }
  return list
}

const BLOCKED = createBlockList()

/** Also for IPv4 addresses written as IPv6 (::ffff:127.0.0.1). */
export const isPrivateAddress = (address: string): boolean => BLOCKED.check(address, family(address))

const refuse = (message: string): AppError => new AppError('url_not_allowed', { message })
const unreachable = (message: string, cause?: unknown): AppError =>
  new AppError('url_unreachable', { message }, { cause })

/** A lookup for net.connect that gives only addresses that all may be connected to. */
function guardLookup(lookup: typeof systemLookup, isPrivate: (address: string) => boolean): LookupFunction {
  return (hostname, options, callback) => {
    lookup(hostname, { ...options, all: true }, (error, addresses) => {
      if (error) return callback(error, '')
      if (addresses.some(({ address }) => isPrivate(address))) {
        return callback(refuse(`${hostname} is not on the public internet.`), '')
      }
      if (options.all) return callback(null, addresses)
      const [first] = addresses
      return first
        ? callback(null, first.address, first.family)
        : callback(unreachable(`${hostname} has no address.`), '')
    })
  }
}

/** @param gone aborted when nobody waits for the image any more */
export type FetchImage = (url: string, gone?: AbortSignal) => Promise<Uint8Array>

/** @throws AppError url_not_allowed, url_unreachable, image_too_large, client_gone */
export function createImageFetch(options: ImageFetchOptions): FetchImage {
  const { allowedHosts, maxBytes, timeoutMs, request = systemRequest, isPrivate = isPrivateAddress } = options
  const lookup = guardLookup(options.lookup ?? systemLookup, isPrivate)
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
