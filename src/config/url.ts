/** Checks of the URLs an operator configures. */
import { BlockList, isIP } from 'node:net'

const privateRanges = new BlockList()
for (const [address, prefix] of [
  ['127.0.0.0', 8],
  ['10.0.0.0', 8],
  ['172.16.0.0', 12],
  ['192.168.0.0', 16],
  ['100.64.0.0', 10],
] as const) {
  privateRanges.addSubnet(address, prefix, 'ipv4')
}
privateRanges.addAddress('::1', 'ipv6')
privateRanges.addSubnet('fc00::', 7, 'ipv6')

/** The host is this machine or a private network, judged by its name alone: no lookup is made. */
export function isPrivateHost(hostname: string): boolean {
  const host = hostname.replace(/^\[|\]$/g, '').toLowerCase()
  const family = isIP(host)
  if (family !== 0) return privateRanges.check(host, family === 4 ? 'ipv4' : 'ipv6')
  return !host.includes('.') || /\.(localhost|local|internal|lan|home\.arpa)$/.test(host)
}

export type UrlCheck =
  | { readonly kind: 'ok'; readonly url: string; readonly plainHttp: boolean }
  | { readonly kind: 'bad'; readonly message: string; readonly remedy: string }

/** An http(s) URL without credentials, query and fragment. The result has no trailing slash. */
export function checkHttpUrl(text: string): UrlCheck {
  const bad = (message: string, remedy: string): UrlCheck => ({ kind: 'bad', message, remedy })
  const url = URL.parse(text)
  if (!url || (url.protocol !== 'https:' && url.protocol !== 'http:') || url.hostname === '') {
    return bad('must be an http or https URL', 'Write it like https://api.example.com/v1.')
  }
  if (url.username || url.password) return bad('must not hold a user name or password', 'Use apiKey or headers for credentials.')
  if (url.search || url.hash || /[?#]$/.test(text))
    return bad('must not have a query or a fragment', 'Remove what follows the path.')
  return { kind: 'ok', url: url.href.replace(/\/+$/, ''), plainHttp: url.protocol === 'http:' }
}
