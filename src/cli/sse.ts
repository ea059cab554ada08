/** Server-sent events, as far as image streams use them. */

export interface ServerEvent {
  readonly event: string
  readonly data: string
}

/** Events as they arrive; comments (heartbeats) are skipped, and an event cut off at the end is dropped. */
export async function* readEvents(body: AsyncIterable<Uint8Array>): AsyncGenerator<ServerEvent> {
  const decoder = new TextDecoder()
  let event = 'message'
  let data: string[] = []
  for await (const line of readLines(body, decoder)) {
    if (line === '') {
      if (data.length > 0) yield { event, data: data.join('\n') }
      event = 'message'
      data = []
      continue
    }
    const colon = line.indexOf(':')
    if (colon === 0) continue
    const field = colon === -1 ? line : line.slice(0, colon)
    const value = colon === -1 ? '' : line.slice(colon + 1).replace(/^ /, '')
    if (field === 'event') event = value
    if (field === 'data') data.push(value)
  }
}

/** Chunks are collected until a line ends: an image is one long line, and joining at every chunk would copy it each time. */
async function* readLines(body: AsyncIterable<Uint8Array>, decoder: InstanceType<typeof TextDecoder>): AsyncGenerator<string> {
  let pending: string[] = []
  for await (const chunk of body) {
    const parts = decoder.decode(chunk, { stream: true }).split('\n')
    for (const part of parts.slice(0, -1)) {
      pending.push(part)
      yield pending.join('').replace(/\r$/, '')
      pending = []
    }
    pending.push(parts.at(-1) ?? '')
  }
}
