/** A real SMTP server on loopback that keeps what it gets and fails on demand. */
import type { AddressInfo } from 'node:net'
import { SMTPServer, type SMTPServerOptions } from 'smtp-server'

export interface SmtpDouble {
  readonly port: number
  readonly mails: {
    readonly to: readonly string[]
    readonly secure: boolean
    readonly user: string | undefined
    readonly text: string
  }[]
  /** So many of the next mails are refused for now. */
  failures: number
  close(): Promise<void>
}

export async function startSmtpDouble(options: SMTPServerOptions = {}): Promise<SmtpDouble> {
  const server = new SMTPServer({
    authOptional: true,
    logger: false,
    onAuth: ({ username, password }, _session, done) =>
      password === 'right' ? done(null, { user: username ?? '' }) : done(new Error('wrong password')),
    onData(stream, session, done) {
      let text = ''
      stream.on('data', (chunk: Buffer) => {
        text += String(chunk)
      })
      stream.on('end', () => {
        if (double.failures > 0) {
          double.failures -= 1
          return done(Object.assign(new Error('try again later'), { responseCode: 451 }))
        }
        double.mails.push({
          to: session.envelope.rcptTo.map(({ address }) => address),
          secure: session.secure,
          user: session.user as string | undefined,
          text,
        })
        done()
      })
    },
    ...options,
  })
  server.on('error', () => undefined)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const double: SmtpDouble & { failures: number } = {
    port: (server.server.address() as AddressInfo).port,
    mails: [],
    failures: 0,
    close: () => new Promise((resolve) => server.close(() => resolve())),
  }
  return double
}
