import { readFileSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { createServer } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { type SmtpDouble, startSmtpDouble } from '../../test/support/smtp-double.ts'
import { type SmtpServer, sendMail } from './mailer.ts'

const pem = (name: string): string => readFileSync(new URL(`../../test/support/tls/${name}.pem`, import.meta.url), 'utf8')
const [key, cert] = [pem('key'), pem('cert')]
const mail = { id: 'alert_1', from: 'halftone@example.com', to: ['ops@example.com'], subject: 'A subject', text: 'A text\n' }
const never = new AbortController().signal
const plain = { disabledCommands: ['STARTTLS', 'AUTH'] }

let server: SmtpDouble | undefined
afterEach(async () => {
  await server?.close()
  server = undefined
})
const send = (options: Partial<SmtpServer> & { credentials?: string; scheme?: string } = {}, more: Partial<typeof mail> = {}) => {
  const { credentials = '', scheme = 'smtp', ...rest } = options
  return sendMail(
    { url: `${scheme}://${credentials}localhost:${server?.port}`, tls: 'required', ...rest },
    { ...mail, ...more },
    2_000,
    never,
  )
}

describe('a mail', () => {
  it('goes over STARTTLS, with the password only inside it', async () => {
    server = await startSmtpDouble({ key, cert })
    await send({ ca: cert, credentials: 'me:right@' })
    expect(server.mails).toMatchObject([{ to: ['ops@example.com'], secure: true, user: 'me' }])
    expect(server.mails[0]!.text).toContain('Message-ID: <alert_1@halftone>')
  })

  it('goes over TLS from the first byte with smtps', async () => {
    server = await startSmtpDouble({ key, cert, secure: true })
    await send({ ca: cert, scheme: 'smtps' })
    expect(server.mails).toMatchObject([{ secure: true }])
  })

  it('is not sent where TLS is required and the server has none', async () => {
    server = await startSmtpDouble(plain)
    await expect(send()).rejects.toThrow(/STARTTLS/)
    expect(server.mails).toEqual([])
  })

  it('is not sent to a server whose certificate nobody vouches for', async () => {
    server = await startSmtpDouble({ key, cert })
    await expect(send()).rejects.toThrow(/certificate/)
    expect(server.mails).toEqual([])
  })

  it('goes in the clear where the operator says so', async () => {
    server = await startSmtpDouble(plain)
    await send({ tls: 'off' })
    expect(server.mails).toMatchObject([{ secure: false }])
  })

  it('that the server does not take is an error in its words, without the password', async () => {
    server = await startSmtpDouble({ key, cert })
    const failure = await send({ ca: cert, credentials: 'me:s3cret-word@' }).catch((error: unknown) => error)
    expect(String(failure)).toMatch(/wrong password/)
    expect(String(failure)).not.toContain('s3cret-word')
  })

  it('cannot be given further headers through its subject', async () => {
    server = await startSmtpDouble(plain)
    await send({ tls: 'off' }, { subject: 'one\r\nBcc: evil@example.com\r\n\r\nbody' })
    expect(server.mails).toHaveLength(1)
    expect(server.mails[0]!.to).toEqual(['ops@example.com'])
    expect(server.mails[0]!.text).not.toMatch(/^Bcc:/im)
  })

  it('to a server that says nothing is given up in time', async () => {
    const silent = createServer(() => undefined)
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve))
    const { port } = silent.address() as AddressInfo
    await expect(sendMail({ url: `smtp://127.0.0.1:${port}`, tls: 'off' }, mail, 100, never)).rejects.toThrow(/greeting|timeout/i)
    silent.close()
  })

  it('to a server that never stops talking is given up, and its connection is cut', async () => {
    let connections = 0
    const talking = createServer((socket) => {
      connections += 1
      socket.on('error', () => undefined)
      socket.write('220 hello\r\n')
      const talk = setInterval(() => socket.write('250-and another thing\r\n'), 20)
      socket.on('close', () => {
        clearInterval(talk)
        connections -= 1
      })
    })
    await new Promise<void>((resolve) => talking.listen(0, '127.0.0.1', resolve))
    const { port } = talking.address() as AddressInfo
    await expect(sendMail({ url: `smtp://127.0.0.1:${port}`, tls: 'off' }, mail, 200, never)).rejects.toThrow('in time')
    await expect.poll(() => connections).toBe(0)
    talking.close()
  })
})
