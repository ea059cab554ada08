/** Send a mail by SMTP. The library is loaded with the first mail. */
import { Socket } from 'node:net'

export interface SmtpServer {
  /** `smtp://user:password@host:587`, or `smtps://` for TLS from the first byte. */
  readonly url: string
  /** What `smtp://` does about STARTTLS. */
  readonly tls: 'required' | 'opportunistic' | 'off'
  /** PEM of authorities besides the usual ones. */
  readonly ca?: string
}

export interface Mail {
  /** The same for every try of one mail: it becomes the Message-ID. */
  readonly id: string
  readonly from: string
  readonly to: readonly string[]
  readonly subject: string
  readonly text: string
}

const DEFAULT_PORTS = { 'smtp:': 587, 'smtps:': 465 } as const

/** Rejects when the server does not take the mail for anybody, or `signal` aborts. Messages never hold the password. */
export async function sendMail(server: SmtpServer, mail: Mail, timeoutMs: number, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted()
  const { createTransport } = await import('nodemailer')
  const url = new URL(server.url)
  const isSecure = url.protocol === 'smtps:'
  // Ours, to be cut: the library has limits for silence alone, and a server that keeps talking would keep it for ever.
  const socket = new Socket()
  const transport = createTransport({
    socket,
    host: url.hostname.replace(/^\[|\]$/g, ''),
    port: Number(url.port || DEFAULT_PORTS[isSecure ? 'smtps:' : 'smtp:']),
    secure: isSecure,
    requireTLS: server.tls === 'required',
    ignoreTLS: server.tls === 'off',
    ...(url.username && { auth: { user: decodeURIComponent(url.username), pass: decodeURIComponent(url.password) } }),
    ...(server.ca !== undefined && { tls: { ca: server.ca } }),
    connectionTimeout: timeoutMs,
    greetingTimeout: timeoutMs,
    socketTimeout: timeoutMs,
    disableFileAccess: true,
    disableUrlAccess: true,
  })
  let stop: (reason: Error) => void = () => undefined
  const stopped = new Promise<never>((_resolve, reject) => {
    stop = reject
  })
  const onAbort = (): void => stop(new Error('It was stopped.'))
  signal.addEventListener('abort', onAbort, { once: true })
  const timer = setTimeout(() => stop(new Error('The mail server did not take the mail in time.')), timeoutMs * 3)
  try {
    const sending = transport.sendMail({
      messageId: `<${mail.id}@halftone>`,
      from: mail.from,
      to: [...mail.to],
      subject: mail.subject,
      text: mail.text,
      headers: { 'auto-submitted': 'auto-generated', 'x-auto-response-suppress': 'All' },
    })
    await Promise.race([sending, stopped])
  } catch (cause) {
    socket.destroy()
    throw new Error(reasonOf(cause), { cause })
  } finally {
    clearTimeout(timer)
    signal.removeEventListener('abort', onAbort)
    transport.close()
  }
}

/** The server's own words, one line. */
const reasonOf = (cause: unknown): string =>
  (cause instanceof Error ? cause.message : 'It failed.').replaceAll(/\s+/g, ' ').slice(0, 200)
