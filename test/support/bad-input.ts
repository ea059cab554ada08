/**
 * A gateway that bad input is sent to, behind it a provider and a service of the inside. After each test: nothing bad reached
 * either of them, the memory of uploads is given back, and there is no bill.
 */
import { createServer, type Server } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { afterAll, afterEach, beforeAll, expect } from 'vitest'
import { checkLedger, openaiProvider, startTestGateway, type TestGateway } from './gateway.ts'
import { doublePicture, type ProviderDouble, startProviderDouble } from './provider-double.ts'

export const base = { model: 'gpt-image-2', prompt: 'a fox' }

export type FormFile = readonly [field: string, content: Uint8Array | string]

/** A server that is quiet for this long has answered. */
const QUIET_MS = 150

export interface RawOptions {
  /** Called when the socket is open; `send` is false when it is closed or full. */
  readonly onOpen?: (send: (chunk: Buffer) => boolean) => void
}

export interface BadInputTarget {
  readonly gateway: () => TestGateway
  /** Port of a service that only the inside may reach. */
  readonly insidePort: () => number
  /** Port of a host the operator allows, which sends its visitors on to the inside. */
  readonly redirectingPort: () => number
  readonly metric: (name: string) => Promise<string | undefined>
  readonly post: (path: string, body: NonNullable<RequestInit['body']>, headers?: Record<string, string>) => Promise<Response>
  /** Text is sent as it is, anything else as JSON. */
  readonly json: (path: string, body: unknown, headers?: Record<string, string>) => Promise<Response>
  readonly generate: (body: unknown, headers?: Record<string, string>) => Promise<Response>
  /** Multipart with the usual fields, and files by field name. */
  readonly edit: (files: readonly FormFile[], fields?: object) => Promise<Response>
  /** One request as bytes on a socket; what comes back until the server closes or is quiet. */
  readonly raw: (bytes: string | Buffer, options?: RawOptions) => Promise<string>
}

/** Call it once at the top of a test file: it opens the target before the tests and closes it after them. */
export function targetOfBadInput(): BadInputTarget {
  let double: ProviderDouble
  let gateway: TestGateway
  let inside: Server
  let redirecting: Server
  let visits = 0

  beforeAll(async () => {
    double = await startProviderDouble()
    inside = createServer((_, response) => {
      visits++
      response.end(doublePicture(8, 8))
    })
    await new Promise<void>((resolve) => inside.listen(0, resolve))
    redirecting = createServer((_, response) => {
      response.writeHead(302, { location: `http://127.0.0.1:${portOf(inside)}/a.png` }).end()
    })
    await new Promise<void>((resolve) => redirecting.listen(0, '127.0.0.1', resolve))
    gateway = await startTestGateway({
      config: {
        providers: { openai: openaiProvider(double) },
        server: { maxBodyBytes: '1MiB', maxImageBytes: '256KiB', maxImagePixels: 1_000_000 },
        network: { allowHttpImageUrls: true, allowPrivateHosts: [`127.0.0.1:${portOf(redirecting)}`] },
      },
    })
  })

  afterAll(async () => {
    await gateway?.close()
    await double?.close()
    inside?.close()
    redirecting?.close()
  })

  afterEach(async () => {
    const seen = { calls: (double.calls as unknown[]).splice(0).length, visits }
    visits = 0
    expect(seen, 'nothing bad reaches the provider or the inside').toEqual({ calls: 0, visits: 0 })
    expect(await metric('halftone_spool_bytes'), 'the memory of uploads is given back').toBe('0')
    await checkLedger(gateway, { doubles: { openai: double } })
  })

  const metric: BadInputTarget['metric'] = async (name) => {
    const { body } = await gateway.call<string>('/metrics')
    return new RegExp(`^${name}(?:{[^}]*})? (.*)$`, 'm').exec(body)?.[1]
  }
  const post: BadInputTarget['post'] = (path, body, headers = {}) =>
    fetch(gateway.url + path, { method: 'POST', headers: { authorization: `Bearer ${gateway.adminKey}`, ...headers }, body })
  const json: BadInputTarget['json'] = (path, body, headers = {}) =>
    post(path, typeof body === 'string' ? body : JSON.stringify(body), { 'content-type': 'application/json', ...headers })

  return {
    gateway: () => gateway,
    insidePort: () => portOf(inside),
    redirectingPort: () => portOf(redirecting),
    metric,
    post,
    json,
    generate: (body, headers) => json('/v1/images/generations', body, headers),
    edit: (files, fields = base) => {
      const form = new FormData()
      for (const [name, value] of Object.entries(fields)) form.append(name, String(value))
      for (const [field, content] of files) form.append(field, pngBlob(content), 'photo.png')
      return post('/v1/images/edits', form)
    },
    raw: (bytes, options) => exchange(Number(new URL(gateway.url).port), bytes, options),
  }
}

const portOf = (server: Server): number => (server.address() as AddressInfo).port

function exchange(port: number, bytes: string | Buffer, options: RawOptions = {}): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => {
      socket.write(bytes)
      options.onOpen?.((chunk) => (socket.destroyed ? false : socket.write(chunk)))
    })
    let answer = ''
    let timer: NodeJS.Timeout | undefined
    const done = (): void => {
      clearTimeout(timer)
      socket.destroy()
      resolve(answer)
    }
    socket.on('data', (chunk) => {
      answer += chunk.toString('latin1')
      clearTimeout(timer)
      timer = setTimeout(done, QUIET_MS)
    })
    socket.on('close', done)
    socket.on('error', (error) => (answer ? done() : reject(error)))
  })
}

export interface ExpectedError {
  readonly status?: number
  readonly type?: string
  readonly code: string
  readonly param?: string | null
  readonly message?: RegExp
}

interface ErrorAnswer {
  readonly error: { readonly message: string; readonly type: string; readonly param: string | null; readonly code: string }
}

/** The envelope of an error, its headers, and what is expected of it: 400 and `invalid_request_error` unless told otherwise. */
export async function expectError(response: Response, expected: ExpectedError): Promise<void> {
  const text = await response.text()
  const body = (text.startsWith('{') ? JSON.parse(text) : text) as ErrorAnswer
  const { status = 400, type = 'invalid_request_error', code, param, message } = expected
  expect({ status: response.status, body }).toMatchObject({
    status,
    body: { error: { type, code, message: expect.any(String) } },
  })
  if (param !== undefined) expect(body.error.param).toBe(param)
  if (message) expect(body.error.message).toMatch(message)
  expect(response.headers.get('content-type')).toMatch(/^application\/json/)
  expect(response.headers.get('x-should-retry')).toBe('false')
}

/** Called a PNG, whatever it is. */
export const pngBlob = (bytes: Uint8Array | string): Blob =>
  new Blob([typeof bytes === 'string' ? bytes : new Uint8Array(bytes)], { type: 'image/png' })

/** The picture as a `data:` URL. */
export const dataUrl = (bytes: Uint8Array): string => `data:image/png;base64,${Buffer.from(bytes).toString('base64')}`
