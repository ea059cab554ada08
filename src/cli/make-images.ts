/** The one call that makes pictures: as JSON or as a form, answered at once or as a stream. */
import { z } from 'zod'
import { errorBody } from '../contract/common.ts'
import { halftoneResult, imageUsage } from '../contract/images.ts'
import { type Client, errorOf } from './client.ts'
import { CliError } from './exit.ts'
import type { Progress } from './progress.ts'
import { readEvents } from './sse.ts'

interface Upload {
  readonly name: string
  readonly blob: Blob
}

export type OutgoingImageRequest = {
  /** The body's fields, in the wire's words. */
  readonly fields: Readonly<Record<string, unknown>>
  readonly stream: boolean
  /** Partial pictures asked for, when streaming. */
  readonly partials: number
} & ({ readonly kind: 'generate' } | { readonly kind: 'edit'; readonly images: readonly Upload[]; readonly mask?: Upload })

export interface Made {
  readonly images: readonly { readonly data: Buffer; readonly revisedPrompt?: string }[]
  readonly size: string | undefined
  readonly quality: string | undefined
  readonly usage: unknown
  readonly halftone: z.infer<typeof halftoneResult>
}

/** Make the pictures and wait for all of them. Failures are `CliError`s. */
export async function makeImages(client: Client, request: OutgoingImageRequest, progress: Progress): Promise<Made> {
  const name = request.kind === 'edit' ? 'editImage' : 'createImage'
  const fields = request.stream ? request.fields : { ...request.fields, response_format: 'b64_json' }
  const body = request.kind === 'edit' ? formOf(fields, request) : fields
  if (request.stream) return readStream(client, name, body, request, progress)
  const answer = await client.call(name, { body })
  if (answer.halftone === undefined) throw new CliError('failure', 'The gateway answered without its halftone object.')
  return {
    images: answer.data.map(({ b64_json, revised_prompt }) => ({
      data: decode(b64_json),
      ...(revised_prompt === undefined ? {} : { revisedPrompt: revised_prompt }),
    })),
    size: answer.size,
    quality: answer.quality,
    usage: answer.usage,
    halftone: answer.halftone,
  }
}

function decode(base64: string | undefined): Buffer {
  if (base64 === undefined) throw new CliError('failure', 'The gateway answered with a link instead of a picture.')
  return Buffer.from(base64, 'base64')
}

/** Files stay on disk until they are sent. Objects travel as JSON text, as the multipart form has it. */
function formOf(fields: Readonly<Record<string, unknown>>, request: Extract<OutgoingImageRequest, { kind: 'edit' }>): FormData {
  const form = new FormData()
  for (const [name, value] of Object.entries(fields)) {
    form.append(name, typeof value === 'object' ? JSON.stringify(value) : String(value))
  }
  for (const image of request.images) form.append(request.images.length === 1 ? 'image' : 'image[]', image.blob, image.name)
  if (request.mask) form.append('mask', request.mask.blob, request.mask.name)
  return form
}

/** What the stream's events carry, as far as it is used here. */
const completedEvent = z.object({
  b64_json: z.string(),
  size: z.string().optional(),
  quality: z.string().optional(),
  usage: imageUsage.optional(),
  halftone: halftoneResult.optional(),
})

const progressEvent = z.object({ progress: z.number().min(0).max(1) })

async function readStream(
  client: Client,
  name: 'createImage' | 'editImage',
  body: object | FormData,
  { partials }: OutgoingImageRequest,
  progress: Progress,
): Promise<Made> {
  const answer = await client.open(name, { body, headers: { accept: 'text/event-stream' } })
  const finished: z.infer<typeof completedEvent>[] = []
  let received = 0
  for await (const { event, data } of readEvents(answer)) {
    if (data === '[DONE]') break
    const parsed: unknown = JSON.parse(data)
    const failure = errorBody.safeParse(parsed)
    if (failure.success) throw errorOf(failure.data.error, 500, answer.headers['x-request-id'])
    if (event === 'halftone.progress') {
      progress.percent(progressEvent.parse(parsed).progress)
      continue
    }
    if (event.endsWith('.partial_image')) {
      received += 1
      progress.say('partial pictures')
      progress.step(received, Math.max(received, partials))
    }
    if (event.endsWith('.completed')) finished.push(completedEvent.parse(parsed))
  }
  const last = finished.at(-1)
  if (last?.halftone === undefined) {
    throw new CliError('failure', 'The stream ended before the picture was complete.', {
      remedy: 'See `halftone receipt last` for what it cost.',
    })
  }
  return {
    images: finished.map(({ b64_json }) => ({ data: decode(b64_json) })),
    size: last.size,
    quality: last.quality,
    usage: last.usage,
    halftone: last.halftone,
  }
}
