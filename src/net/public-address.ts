/** Which addresses are public, and a connector that reaches no others: resolved once, checked, connected to that very address. */
import { lookup as dnsLookup } from 'node:dns'
import { isIP, type LookupFunction } from 'node:net'
import { buildConnector } from 'undici'

/** First address, prefix length. Everything the internet does not route, or routes to somebody's inside. */
const PRIVATE_IPV4: readonly (readonly [string, number])[] = [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.88.99.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 4],
  ['240.0.0.0', 4],
]

/** Parts of the global range 2000::/3 that are not for hosts: protocol assignments, documentation, 6to4. */
const RESERVED_IPV6: readonly (readonly [string, number])[] = [
  ['2001::', 23],
  ['2001:db8::', 32],
  ['2002::', 16],
  ['3fff::', 20],
]

/** Prefixes of 96 bits that carry an IPv4 address in the rest: mapped, and NAT64. */
const IPV4_CARRIERS: readonly bigint[] = [parseIpv6('::ffff:0:0') >> 32n, parseIpv6('64:ff9b::') >> 32n]

/** True for an IP literal that any host on the internet could have; false for everything else, also for what is no address. */
export function isPublicAddress(address: string): boolean {
  const family = isIP(address)
  if (family === 4) return isPublicIpv4(parseIpv4(address))
  if (family !== 6 || address.includes('%')) return false
  const value = parseIpv6(address)
  if (IPV4_CARRIERS.includes(value >> 32n)) return isPublicIpv4(Number(value & 0xffffffffn))
  if (value >> 125n !== 1n) return false
  return !RESERVED_IPV6.some(([base, bits]) => value >> BigInt(128 - bits) === parseIpv6(base) >> BigInt(128 - bits))
}

function isPublicIpv4(value: number): boolean {
  return !PRIVATE_IPV4.some(
    ([base, bits]) => Math.floor(value / 2 ** (32 - bits)) === Math.floor(parseIpv4(base) / 2 ** (32 - bits)),
  )
}

function parseIpv4(address: string): number {
  return address.split('.').reduce((value, part) => value * 256 + Number(part), 0)
}

/** `address` is a valid IPv6 literal without zone. */
function parseIpv6(address: string): bigint {
  const dotted = /^(.*:)(\d+\.\d+\.\d+\.\d+)$/.exec(address)
  if (dotted) {
    const value = parseIpv4(dotted[2] as string)
    return parseIpv6(`${dotted[1]}${Math.floor(value / 65_536).toString(16)}:${(value % 65_536).toString(16)}`)
  }
  const [head = '', tail] = address.split('::')
  const front = head === '' ? [] : head.split(':')
  const back = tail === undefined || tail === '' ? [] : tail.split(':')
  const groups = [...front, ...Array<string>(8 - front.length - back.length).fill('0'), ...back]
  return groups.reduce((value, group) => (value << 16n) | BigInt(`0x${group}`), 0n)
}

/** A connection was refused because of where it would have gone. */
export class BlockedAddressError extends Error {
  constructor(host: string) {
    super(`"${host}" is not a public address.`)
    this.name = 'BlockedAddressError'
  }
}

/** The resolver's shape, for tests that need a name to resolve to a chosen address. */
export type Resolve = (
  hostname: string,
  callback: (error: Error | null, addresses: { address: string; family: number }[]) => void,
) => void

const systemResolve: Resolve = (hostname, callback) => dnsLookup(hostname, { all: true }, callback)

/**
 * Resolve and refuse unless every address of the name is public; a name with one inside address is refused whole, since the
 * next lookup could prefer it.
 */
export function createPublicLookup(resolve: Resolve = systemResolve): LookupFunction {
  return (hostname, options, callback) => {
    resolve(hostname, (error, addresses) => {
      const [first] = addresses ?? []
      if (error || !first) return callback(error ?? new Error(`"${hostname}" has no address.`), '', 0)
      if (!addresses.every(({ address }) => isPublicAddress(address))) return callback(new BlockedAddressError(hostname), '', 0)
      if (options.all)
        return (callback as (error: null, addresses: { address: string; family: number }[]) => void)(null, addresses)
      return callback(null, first.address, first.family)
    })
  }
}

/** An undici connector that reaches public addresses only. Literals are checked too, since they never reach the resolver. */
export function createPublicConnector(options: {
  readonly timeoutMs: number
  readonly resolve?: Resolve
}): buildConnector.connector {
  const connect = buildConnector({ timeout: options.timeoutMs, allowH2: false, lookup: createPublicLookup(options.resolve) })
  return (target, callback) => {
    const literal = target.hostname.replace(/^\[|\]$/g, '')
    if (isIP(literal) !== 0 && !isPublicAddress(literal)) return callback(new BlockedAddressError(literal), null)
    return connect(target, callback)
  }
}
