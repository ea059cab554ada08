/** A server of the test's own, closed when the test has ended. */
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http'
import { onTestFinished } from 'vitest'

export type Handler = (request: IncomingMessage, body: Buffer, response: ServerResponse) => void

export interface Seen {
  /** Method and path. */
  readonly line: string
  readonly headers: IncomingHttpHeaders
  readonly body: string
}

export type Answer = (response: ServerResponse, seen: Seen) => void

export async function serve(handler: Handler): Promise<{ readonly origin: string }> {
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => handler(request, Buffer.concat(chunks), response))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  return { origin: `http://127.0.0.1:${(server.address() as { port: number }).port}` }
}

/** Answers by method and path; what it was asked is in `seen`. */
export async function serveAnswers(
  answers: Readonly<Record<string, Answer>>,
): Promise<{ readonly origin: string; readonly seen: Seen[] }> {
  const seen: Seen[] = []
  const { origin } = await serve((request, body, response) => {
    const asked = { line: `${request.method} ${request.url}`, headers: request.headers, body: body.toString() }
    seen.push(asked)
    const answer = answers[asked.line] ?? ((unknown: ServerResponse) => json(unknown, { error: `no ${asked.line}` }, 404))
    answer(response, asked)
  })
  return { origin, seen }
}

export const json = (response: ServerResponse, value: unknown, status = 200, headers: Record<string, string> = {}): void => {
  response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(value))
}

export const linesOf = (seen: readonly Seen[]): readonly string[] => seen.map(({ line }) => line)
