/** Which addresses a stranger's URL may lead to: judged where the connection is made, so that a name cannot point elsewhere later. */
import { lookup as systemLookup } from 'node:dns'
import { BlockList, isIP, type LookupFunction } from 'node:net'
import { AppError } from '../base/errors.ts'

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
  '2001::/23',
  '2001:db8::/32',
  '2002::/16',
  '3fff::/20'
]

const family = (address: string): 'ipv4' | 'ipv6' => (isIP(address) === 6 ? 'ipv6' : 'ipv4')

/** @param ranges addresses, or `10.0.0.0/8` */
function createBlockList(ranges: readonly string[]): BlockList {
  const list = new BlockList()
  for (const range of ranges) {
    const [network = '', bits = family(network) === 'ipv6' ? '128' : '32'] = range.split('/')
    list.addSubnet(network, Number(bits), family(network))
  }
  return list
}

const BLOCKED = createBlockList(PRIVATE_RANGES)
/**
 * Of IPv6 no more is the internet. Outside lie IPv4 addresses in all their spellings, of which translators take some to this network
 * (::ffff:7f00:1, ::127.0.0.1, ::ffff:0:127.0.0.1, 64:ff9b::/96), fec0::/10 of old sites, 5f00::/16 of segments, and what is not given out.
 * No list of exceptions: `::/3` in one would match every IPv4 address, which Node compares as ::ffff:0:0/96.
 */
const INTERNET_6 = createBlockList(['2000::/3'])

export const isPrivateAddress = (address: string): boolean =>
  BLOCKED.check(address, family(address)) || (family(address) === 'ipv6' && !INTERNET_6.check(address, 'ipv6'))

/** The same notations. @param ranges as those above */
export function createRangeCheck(ranges: readonly string[]): (address: string) => boolean {
  const list = createBlockList(ranges)
  return (address) => list.check(address, family(address))
}

/** A lookup for net.connect that gives only addresses that all may be connected to. */
export function guardLookup(
  isRefused: (address: string) => boolean,
  lookup: typeof systemLookup = systemLookup
): LookupFunction {
  return (hostname, options, callback) => {
    lookup(hostname, { ...options, all: true }, (error, addresses) => {
      if (error) return callback(error, '')
      if (addresses.some(({ address }) => isRefused(address))) {
        const message = `${hostname} is not on the public internet.`
        return callback(new AppError('url_not_allowed', { message }), '')
      }
      if (options.all) return callback(null, addresses)
      const [first] = addresses
      return first
        ? callback(null, first.address, first.family)
        : callback(new AppError('url_unreachable', { message: `${hostname} has no address.` }), '')
    })
  }
}
