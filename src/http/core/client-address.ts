/** What failures are counted by: an address, of IPv6 the /64 that one customer has for himself. */
import { isIPv4, isIPv6 } from 'node:net'

const HEXTETS = 8
const HEXTETS_OF_A_CUSTOMER = 4
const IPV4_MAPPED = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i

/** The first four hextets, written one way. */
function networkOf(address: string): string {
  const [head = '', tail] = address.split('::')
  const before = head === '' ? [] : head.split(':')
  const after = tail ? tail.split(':') : []
  // A dotted end takes the room of two.
  const given = before.length + after.length + (address.includes('.') ? 1 : 0)
  const zeros = tail === undefined ? 0 : HEXTETS - given
  const hextets = [...before, ...Array<string>(zeros).fill('0'), ...after].slice(0, HEXTETS_OF_A_CUSTOMER)
  return `${hextets.map((hextet) => Number.parseInt(hextet, 16).toString(16)).join(':')}::/64`
}

/** @param address as the socket or a trusted proxy gave it; whatever is no address is one client */
export function clientOf(address: string): string {
  const [bare = ''] = address.split('%', 1)
  const mapped = IPV4_MAPPED.exec(bare)?.[1]
  if (mapped) return mapped
  if (isIPv4(bare)) return bare
  return isIPv6(bare) ? networkOf(bare) : 'unknown'
}
