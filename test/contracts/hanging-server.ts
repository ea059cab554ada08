/** A provider that answers as its fixture does, and at one place says nothing more. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { bodyOf, type Exchanges, picture } from './codec-fixture.ts'

/** The exchange that hangs, by its position, or the download of a picture. */
export type HangsAt = number | 'download'
export const places = ['before the headers', 'in the middle of the body'] as const
export type Place = (typeof places)[number]

export interface HangingServer {
  readonly origin: string
  readonly isReached: () => boolean
  /** How often the first call came, which is the one that may buy something. */
  readonly submitted: () => number
  /** From here on nothing hangs. */
  readonly letGo: () => void
  readonly close: () => Promise<void>
}

/** Whoever comes back asks again what was answered before; any other call that is not the next one is refused. */
export async function startHangingServer(exchanges: Exchanges, at: HangsAt, place: Place): Promise<HangingServer> {
  let origin = ''
  let next = 0
  let isHanging = true
  let isReached = false
  let submitted = 0
  const filled = (text: string): string => text.replaceAll('<image>', picture.toString('base64')).replaceAll('<origin>', origin)
  const matches = (index: number, { method, url }: IncomingMessage): boolean => {
    const { call } = exchanges[index] ?? {}
    return index < exchanges.length && (call?.method ?? 'POST') === method && (call === undefined || call.path === url)
  }
  const send = (response: ServerResponse, given: Exchanges[number]['response'], isHere: boolean): void => {
    isReached ||= isHere
    if (isHere && place === 'before the headers') return
    const { type, body } = bodyOf(given, filled)
    const bytes = Buffer.from(body)
    response.writeHead(given.status ?? 200, { 'content-type': type, 'content-length': bytes.length, ...given.headers })
    if (isHere) response.write(bytes.subarray(0, Math.floor(bytes.length / 2)))
    else response.end(bytes)
  }
  const server = createServer((request, response) => {
    request.resume()
    request.on('end', () => {
      if (matches(0, request) && next === 0) submitted++
      if (matches(next, request)) {
        const isHere = isHanging && next === at
        const answer = exchanges[next]?.response ?? {}
        if (!isHere) next++
        return send(response, answer, isHere)
      }
      const asked = exchanges.findLastIndex((_, index) => index < next && matches(index, request))
      if (asked > 0) return send(response, exchanges[asked]?.response ?? {}, false)
      const isDownload = request.method === 'GET' && !exchanges.some(({ call }) => call?.path === request.url)
      return isDownload
        ? send(response, { image: true }, isHanging && at === 'download')
        : send(response, { status: 404, text: 'not expected here' }, false)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return {
    origin,
    isReached: () => isReached,
    submitted: () => submitted,
    letGo: () => {
      isHanging = false
    },
    close: async () => {
      server.closeAllConnections()
      server.close()
    },
  }
}
