/**
 * Microsoft's own MAI image models, on Foundry resources under `/mai/v1`. Sources: "Deploy and use MAI image models in Microsoft
 * Foundry" (learn.microsoft.com, 2026-06) and Microsoft's release notebooks for paths, fields and the pixel limits of 2 to 2.5;
 * vercel/ai packages/azure (2026-10) for repeated `image` fields, usage and error codes of 2.6. That 2.7 is served the same way
 * was not seen.
 */
import type { Capabilities } from '../../core/capability.ts'
import type { Candidate, Warning } from '../../core/offer.ts'
import type { ImageRequest } from '../../core/request.ts'
import { type Meter, type Usage, wholeUnits } from '../../core/usage.ts'
import type { CallBody, Decoded, ProviderResponse } from '../define-provider.ts'
import { mergeExtra } from '../kit/extra.ts'
import { filenameOf } from '../kit/files.ts'
import type { KnownModel } from '../kit/offers.ts'
import { asCount, asObject } from '../kit/read.ts'
import { shapeFollowsInput } from '../kit/warnings.ts'
import { imagesOf } from '../openai-dialect/answer.ts'
import { failureFromEvent, failureFromResponse, hasError } from '../openai-dialect/errors.ts'

/** Both edges at least 768; the picture is rounded down to multiples of 16. */
const area = (maxPixels: number): Capabilities['sizes'] => {
  const maxEdge = Math.floor(maxPixels / 768 / 16) * 16
  return { kind: 'area', multipleOf: 16, minEdge: 768, maxEdge, minPixels: 768 * 768, maxPixels, maxAspect: maxEdge / 768 }
}

const generating: Capabilities = {
  operations: ['generate'],
  sizes: area(1024 * 1024),
  defaultSize: { width: 1024, height: 1024 },
  qualities: [],
  maxN: 1,
  formats: ['png'],
  defaultFormat: 'png',
  backgrounds: [],
  maxInputs: 0,
  mask: false,
  maxPromptChars: 20_000,
  parameters: [],
  cancelStopsBilling: false,
  asyncJobs: false,
}
const editing: Capabilities = { ...generating, operations: ['generate', 'edit'], maxInputs: 1 }
const combining: Capabilities = { ...editing, sizes: area(1536 * 1536), maxInputs: 5 }

const model = (name: string, capabilities: Capabilities): KnownModel => ({
  model: `microsoft/${name.toLowerCase()}`,
  wireModel: name,
  capabilities,
})

export const maiModels: readonly KnownModel[] = [
  { ...model('MAI-Image-2.7', combining), assumed: true },
  model('MAI-Image-2.6', combining),
  model('MAI-Image-2.6-Flash', combining),
  model('MAI-Image-2.5', editing),
  model('MAI-Image-2.5-Flash', editing),
  model('MAI-Image-2e', generating),
  model('MAI-Image-2', generating),
]

const byModel = new Map(maiModels.map((known) => [known.model, known]))

export const maiModel = (name: string): KnownModel | undefined => byModel.get(name)

export interface MaiCall {
  readonly operation: 'generations' | 'edits'
  readonly body: CallBody
  readonly warnings: readonly Warning[]
}

const reserved: ReadonlySet<string> = new Set(['image', 'size', 'n', 'auto_aspect_ratio', 'response_format'])

/** Edits of the models before 2.6 take no size: what comes back has the shape of what was sent. */
export function encodeMai(request: ImageRequest, candidate: Candidate): MaiCall {
  const { offer, settings } = candidate
  const isEdit = request.operation === 'edit'
  const takesSize = !isEdit || offer.capabilities.maxInputs > 1
  const { width, height } = settings.size
  const ours = { model: offer.wireModel, prompt: request.prompt, ...(takesSize && { width, height }) }
  const { parameters, warnings } = mergeExtra(ours, request, candidate, reserved)
  if (!isEdit) return { operation: 'generations', body: { kind: 'json', value: parameters }, warnings }
  const fields = Object.entries(parameters).map(([name, value]) => ({ kind: 'field', name, value: String(value) }) as const)
  const files = request.inputs.map(
    (input, index) => ({ kind: 'file', name: 'image', input, filename: filenameOf(input, index) }) as const,
  )
  const ignored = takesSize ? [] : shapeFollowsInput(request)
  return { operation: 'edits', body: { kind: 'multipart', parts: [...fields, ...files] }, warnings: [...ignored, ...warnings] }
}

export function decodeMai(response: ProviderResponse): Decoded {
  if (response.status !== 200 || response.body.kind !== 'json') return { kind: 'failed', failure: failureFromResponse(response) }
  const answer = asObject(response.body.value) ?? {}
  if (hasError(answer)) return { kind: 'failed', failure: failureFromEvent(answer) }
  const reported = asObject(answer['usage'])
  const counts: readonly (readonly [Meter, number | undefined])[] = [
    ['tokens.text.in', asCount(reported?.['num_input_text_tokens'])],
    ['tokens.image.in', asCount(reported?.['num_input_image_tokens'])],
    ['tokens.image.out', asCount(reported?.['num_output_tokens'])],
  ]
  const usage: Usage = Object.fromEntries(
    counts.flatMap(([meter, count]) => (count === undefined || count === 0 ? [] : [[meter, wholeUnits(count)]])),
  )
  return { kind: 'done', images: imagesOf(answer), ...(Object.keys(usage).length > 0 ? { usage } : {}) }
}
