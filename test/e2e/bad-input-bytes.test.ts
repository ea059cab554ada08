/** Too many bytes, and clients that leave while they send: refused as they arrive, nothing kept, no bill. */
import { connect } from 'node:net'
import { describe, expect, it } from 'vitest'
import { base, dataUrl, expectError, targetOfBadInput } from '../support/bad-input.ts'
import { doublePicture } from '../support/provider-double.ts'

const KIB = 1024
const { edit, gateway, json, metric, raw } = targetOfBadInput()

describe('too many bytes are 413, counted as they arrive', () => {
  const head = (type: string, length: string): string =>
    `POST /v1/images/edits HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${gateway().adminKey}\r\nContent-Type: ${type}\r\n${length}\r\n\r\n`
  const boundary = 'multipart/form-data; boundary=b'
  const part = '--b\r\nContent-Disposition: form-data; name="prompt"\r\n\r\n'
  const chunk = (bytes: Buffer): Buffer =>
    Buffer.concat([Buffer.from(`${bytes.length.toString(16)}\r\n`), bytes, Buffer.from('\r\n')])

  it.each([
    ['JSON, with a length that lies low', 'application/json', 'Content-Length: 9000000', '{"prompt":"', false],
    ['JSON, chunked without a length', 'application/json', 'Transfer-Encoding: chunked', '{"prompt":"', true],
    ['a form, chunked without a length', boundary, 'Transfer-Encoding: chunked', part, true],
    ['a form, with a length', boundary, 'Content-Length: 9000000', part, false],
  ])('%s', async (_, type, length, start, chunked) => {
    const wrap = (bytes: Buffer): Buffer => (chunked ? chunk(bytes) : bytes)
    let sent = 0
    const answer = await raw(Buffer.concat([Buffer.from(head(type, length)), wrap(Buffer.from(start))]), {
      onOpen(send) {
        const filler = Buffer.alloc(64 * KIB, 0x78)
        const next = (): void => {
          if (sent >= 4 * KIB * KIB) return
          sent += filler.length
          send(wrap(filler))
          setTimeout(next, 2)
        }
        next()
      },
    })
    expect(answer).toMatch(/^HTTP\/1.1 413 /)
    expect(answer).toContain('"body_too_large"')
  })

  it('a client that sends everything before it reads still gets the answer', async () => {
    const response = await json('/v1/images/edits', JSON.stringify({ ...base, user: 'x, '.repeat(KIB * KIB) }))
    await expectError(response, { status: 413, code: 'body_too_large' })
  })

  it('an administrative body has its own small limit', async () => {
    const response = await json('/v1/halftone/keys', JSON.stringify({ name: 'x'.repeat(2 * KIB * KIB) }))
    await expectError(response, { status: 413, code: 'body_too_large' })
  })

  it('an image beyond its limit names the image', async () => {
    await expectError(await edit([['image', doublePicture(8, 8, { bytes: 300 * KIB })]]), { code: 'image_too_large' })
  })

  it('an image beyond its limit in JSON too', async () => {
    const image_url = dataUrl(doublePicture(8, 8, { bytes: 300 * KIB }))
    await expectError(await json('/v1/images/edits', { ...base, images: [{ image_url }] }), { code: 'image_too_large' })
  })
})

describe('clients that leave while they send', () => {
  const partial = (type: string, start: string): Promise<void> =>
    new Promise((resolve) => {
      const socket = connect(Number(new URL(gateway().url).port), '127.0.0.1', () => {
        socket.write(
          `POST /v1/images/edits HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${gateway().adminKey}\r\nContent-Type: ${type}\r\nContent-Length: 200000\r\n\r\n`,
        )
        socket.write(start + 'A'.repeat(20_000), () => setTimeout(() => socket.destroy(), 50))
      })
      socket.on('close', () => resolve())
    })
  it('leave nothing behind: no memory, no request, no error of ours', async () => {
    await partial('application/json', '{"prompt":"x","images":[{"image_url":"data:image/png;base64,')
    await partial(
      'multipart/form-data; boundary=b',
      '--b\r\nContent-Disposition: form-data; name="image"; filename="a.png"\r\n\r\n',
    )
    await new Promise((resolve) => setTimeout(resolve, 100))
    expect(await metric('halftone_requests_in_flight')).toBe('0')
    expect((await gateway().call<string>('/metrics')).body).not.toMatch(/halftone_http_requests_total{[^}]*status="500"/)
    expect(await gateway().requests()).toEqual([])
  })
})
