/** The application: sends one call, reads the whole answer, and reports what it saw of it. */
import { ADMIN_KEY } from './configuration.ts'
import type { CallPlan } from './schedule.ts'

export interface Observation {
  readonly plan: CallPlan
  readonly repeat: boolean
  /** `answered`: the whole answer, with images. `refused`: a whole error answer. */
  readonly kind: 'answered' | 'refused' | 'broken' | 'aborted'
  readonly status?: number
  readonly requestId?: string
  readonly images: number
  /** Decimal USD, as the answer says. */
  readonly costUsd?: string
  readonly costStatus?: string
  /** `miss`, `hit` or `joined`. */
  readonly cache?: string
  readonly detail?: string
}

const picture = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAQAAAC1HAwCAAAAC0lEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg==',
  'base64',
)

/** Never rejects: a gateway that dies under the call is what this is about. `url` undefined: nobody listens. */
export async function sendCall(
  plan: CallPlan,
  url: string | undefined,
  { repeat, retryCount }: { readonly repeat: boolean; readonly retryCount: number },
): Promise<Observation> {
  const seen = { plan, repeat, images: 0 }
  const giveUp = !repeat && plan.abortMs !== undefined ? AbortSignal.timeout(plan.abortMs) : undefined
  try {
    if (url === undefined) return { ...seen, kind: 'broken', detail: 'not running' }
    const response = await fetch(`${url}/v1/images/${plan.operation === 'edit' ? 'edits' : 'generations'}`, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${ADMIN_KEY}`,
        'x-halftone-tags': 'crash=yes',
        ...(plan.operation === 'generate' && { 'content-type': 'application/json' }),
        ...(plan.repeat === 'idempotency-key' && { 'idempotency-key': plan.prompt }),
        ...(retryCount > 0 && plan.repeat === 'sdk-retry' && { 'x-stainless-retry-count': String(retryCount) }),
      },
      body: bodyOf(plan),
      ...(giveUp && { signal: giveUp }),
    })
    const text = await response.text()
    return { ...seen, ...readAnswer(response, text) }
  } catch (error) {
    return { ...seen, kind: giveUp?.aborted ? 'aborted' : 'broken', detail: describe(error) }
  }
}

function bodyOf({ prompt, model, n, partials, operation }: CallPlan): string | FormData {
  const stream = partials === undefined ? {} : { stream: true, partial_images: partials }
  if (operation === 'generate') return JSON.stringify({ model, prompt, n, size: '64x64', ...stream })
  const form = new FormData()
  form.append('image', new Blob([picture], { type: 'image/png' }), 'input.png')
  for (const [name, value] of Object.entries({ model, prompt, n: String(n), size: '64x64' })) form.append(name, value)
  return form
}

type Answer = Omit<Observation, 'plan' | 'repeat'>

function readAnswer(response: Response, text: string): Answer {
  const header = (name: string): string | undefined => response.headers.get(name) ?? undefined
  const isStream = header('content-type')?.startsWith('text/event-stream') ?? false
  if (isStream) return readStream(response.status, text)
  const body = JSON.parse(text) as { readonly data?: readonly unknown[]; readonly error?: { readonly code?: string } }
  const common = { status: response.status, ...pick({ requestId: header('x-request-id') }) }
  if (!body.data) return { ...common, kind: 'refused', images: 0, ...pick({ detail: body.error?.code }) }
  return {
    ...common,
    kind: 'answered',
    images: body.data.length,
    ...pick({
      costUsd: header('x-halftone-cost-usd'),
      costStatus: header('x-halftone-cost-status'),
      cache: header('x-halftone-cache'),
    }),
  }
}

interface FinalEvent {
  readonly type?: string
  readonly error?: { readonly code?: string }
  readonly halftone?: { readonly request_id: string; readonly cost_usd: string; readonly cost_status: string }
}

function readStream(status: number, text: string): Answer {
  const events = text
    .split('\n')
    .filter((line) => line.startsWith('data: {'))
    .map((line) => JSON.parse(line.slice('data: '.length)) as FinalEvent)
  const failed = events.find((event) => event.type === 'error' || event.error)
  if (failed) return { kind: 'refused', status, images: 0, detail: failed.error?.code ?? 'error event' }
  const completed = events.filter((event) => event.type?.endsWith('.completed'))
  const last = completed.at(-1)?.halftone
  if (!last) throw new Error('the stream ended early')
  const { request_id: requestId, cost_usd: costUsd, cost_status: costStatus } = last
  return { kind: 'answered', status, images: completed.length, requestId, costUsd, costStatus }
}

/** Only what is there: `undefined` is not a value of an optional property. */
function pick<T extends Record<string, string | undefined>>(fields: T): { [K in keyof T]?: string } {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as { [K in keyof T]?: string }
}

function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  return error.cause instanceof Error ? `${error.message}: ${error.cause.message}` : error.message
}
