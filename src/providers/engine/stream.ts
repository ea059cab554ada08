/** An answer that is a stream of events: partial images are handed on as they come, final ones are kept. */
import { addUsage } from '../../core/usage.ts'
import { type BodyConsumer, Enough } from '../../net/exchange.ts'
import type { ScannedBody } from '../../net/json-scanner.ts'
import { createSseReader, type SseEvent } from '../../net/sse.ts'
import type { DecodeContext, Done, Failed, ProviderDefinition } from '../define-provider.ts'
import type { AnswerLimits } from './answer.ts'
import { type CollectContext, collectImage } from './images.ts'

/** What has arrived, readable also after the stream broke. */
export interface StreamState {
  done: Done | undefined
  failed: Failed | undefined
  partials: number
  /** Bodies that belong to `done`. */
  bodies: readonly ScannedBody[]
  lastEvent: SseEvent['data']['value'] | undefined
}

export const createStreamState = (): StreamState => ({
  done: undefined,
  failed: undefined,
  partials: 0,
  bodies: [],
  lastEvent: undefined,
})

export interface StreamOptions {
  readonly definition: ProviderDefinition
  readonly decode: Omit<DecodeContext, 'partials'>
  readonly limits: AnswerLimits
  readonly collect: CollectContext
}

/** Ends when the stream ends, or as soon as every image is there: a server that forgets to close costs nothing. */
export function consumeStream<Result>(state: StreamState, options: StreamOptions, result: () => Result): BodyConsumer<Result> {
  const reader = createSseReader({
    scanner: options.limits,
    onEvent: async (event) => {
      await takeEvent(event, state, options)
      const isComplete = state.done !== undefined && state.done.images.length >= options.decode.candidate.settings.n
      if (isComplete || state.failed) throw new Enough(result())
    },
  })
  return {
    write: (chunk) => reader.write(chunk),
    async end() {
      await reader.end()
      return result()
    },
    abort: () => reader.abort(),
  }
}

async function takeEvent({ name, data }: SseEvent, state: StreamState, options: StreamOptions): Promise<void> {
  const event = name === undefined ? { value: data.value } : { name, value: data.value }
  const decoded = options.definition.decodeEvent?.(event, { ...options.decode, partials: state.partials }) ?? { kind: 'ignored' }
  switch (decoded.kind) {
    case 'ignored':
      return disposeAll(data.bodies)
    case 'failed':
      state.failed = decoded
      state.lastEvent = data.value
      return disposeAll(data.bodies)
    case 'done':
      keep(decoded, data.bodies, state)
      state.lastEvent = data.value
      return
    case 'partial': {
      state.partials++
      const collected = await collectImage({ source: decoded.source }, data.bodies, options.collect)
      if (collected.kind === 'failed' || !options.collect.io.onPartial) return disposeAll(data.bodies)
      return options.collect.io.onPartial({ ...collected.image, partialIndex: decoded.index })
    }
  }
}

/** Each final event brings its own images, failures and usage; body numbers move up behind those already there. */
function keep(event: Done, bodies: readonly ScannedBody[], state: StreamState): void {
  const offset = state.bodies.length
  const images = event.images.map((image) =>
    'body' in image.source ? { ...image, source: { body: image.source.body + offset } } : image,
  )
  const before = state.done
  const usage = before?.usage && event.usage ? addUsage(before.usage, event.usage) : (event.usage ?? before?.usage)
  const failures = [...(before?.failures ?? []), ...(event.failures ?? [])]
  state.bodies = [...state.bodies, ...bodies]
  state.done = { ...before, ...event, images: [...(before?.images ?? []), ...images], failures, ...(usage ? { usage } : {}) }
}

async function disposeAll(bodies: readonly ScannedBody[]): Promise<void> {
  await Promise.all(bodies.map(({ body }) => body.dispose()))
}
