/** What one request becomes: which workflow, what goes into its places, which inputs are uploaded. */
import { HalftoneError } from '../../core/error.ts'
import type { JsonObject, JsonValue } from '../../core/json.ts'
import type { Candidate, Warning } from '../../core/offer.ts'
import type { ImageInput, ImageRequest } from '../../core/request.ts'
import type { DecodeContext, HttpCall } from '../define-provider.ts'
import { seedOf } from '../kit/seed.ts'
import { fill, imagePlaceOf, isOwnName, type Workflow } from './template.ts'
import { type WorkflowSet, workflowSets } from './workflows.ts'

const id = 'comfyui'

interface Upload {
  readonly place: string
  readonly index: number
  readonly input: ImageInput
}

interface Plan {
  readonly workflow: Workflow
  readonly values: JsonObject
  readonly uploads: readonly Upload[]
  readonly warnings: readonly Warning[]
}

type PlanContext = Pick<DecodeContext['encode'], 'attemptId' | 'options'>

/** The same for every call of an attempt. */
export function planOf(request: ImageRequest, candidate: Candidate, { attemptId, options }: PlanContext): Plan {
  const { offer, settings } = candidate
  const set = workflowSets(options).get(offer.wireModel)
  const workflow = set && workflowFor(set, request)
  if (!workflow) {
    const message = `${offer.id} has no workflow for ${request.operation}.`
    throw new HalftoneError('config_invalid', message)
  }
  const placed = placesOf(request)
  const { values: custom, warnings } = customValues(workflow, request, candidate)
  const values = {
    ...custom,
    prompt: request.prompt,
    negative_prompt: request.negativePrompt ?? '',
    seed: request.seed ?? seedOf(attemptId),
    width: settings.size.width,
    height: settings.size.height,
    n: settings.n,
    steps: settings.steps ?? request.steps,
    guidance: request.guidance,
    strength: request.strength,
    control_strength: placed.find(({ place }) => place === 'control')?.input.controlStrength,
  }
  return {
    workflow,
    values: Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as JsonObject,
    uploads: placed.filter(({ place }) => workflow.names.has(place)),
    warnings: [...ignoredBy(workflow, request, placed), ...warnings],
  }
}

export function workflowFor({ by, controls }: WorkflowSet, { operation, inputs }: ImageRequest): Workflow | undefined {
  const kind = inputs.find(({ role }) => role === 'control')?.control
  if (operation === 'generate') return (kind && controls[kind]) ?? by.generate
  if (operation !== 'edit') return by[operation]
  return inputs.some(({ role }) => role === 'mask') ? by.inpaint : by.edit
}

/** Each input with the place it belongs to. */
function placesOf({ inputs }: ImageRequest): readonly Upload[] {
  let images = 0
  return inputs.map((input, index) => {
    const { role } = input
    return { input, index, place: role === 'image' || role === 'reference' ? imagePlaceOf(images++) : role }
  })
}

/** Places of the operator's own, which a client may fill through `extra_body`. */
function customValues(
  { names }: Workflow,
  { extraBody }: ImageRequest,
  { offer }: Candidate,
): { readonly values: JsonObject; readonly warnings: readonly Warning[] } {
  const values: Record<string, JsonValue> = {}
  const warnings: Warning[] = []
  for (const [name, value] of Object.entries({ ...extraBody[id], ...extraBody[offer.provider] })) {
    const isPlain = typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean'
    if (isPlain && names.has(name) && !isOwnName(name)) values[name] = value
    else {
      const why = isOwnName(name)
        ? 'use the parameter of the request itself'
        : 'the workflow has no such place, or it is no plain value'
      const message = `extra_body.${offer.provider}.${name} was left out: ${why}.`
      warnings.push({ code: 'parameter_dropped', param: name, message })
    }
  }
  return { values, warnings }
}

/** What another workflow of the same model takes, but not the one of this request. */
function ignoredBy({ names }: Workflow, request: ImageRequest, placed: readonly Upload[]): readonly Warning[] {
  const asked: readonly (readonly [place: string, param: string, value: unknown])[] = [
    ['negative_prompt', 'negative_prompt', request.negativePrompt],
    ['seed', 'seed', request.seed],
    ['steps', 'steps', request.steps],
    ['guidance', 'guidance_scale', request.guidance],
    ['strength', 'strength', request.strength],
    ...placed.map(({ place, input }) => [place, input.role, input] as const),
  ]
  return asked
    .filter(([place, , value]) => value !== undefined && !names.has(place))
    .map(([, param]) => ({
      code: 'parameter_ignored',
      param,
      message: `The workflow for ${request.operation} has no place for ${param}; it was left out.`,
    }))
}

export const post = { method: 'POST', accept: 'json', stream: false } as const

/** Named by its content, so that the same picture is kept once; the folder for temporary files is emptied when ComfyUI starts. */
export function uploadCall({ input, place }: Upload): HttpCall {
  const isMask = place === 'mask'
  const name = `${input.sha256.slice(0, 32)}${isMask ? '-mask' : ''}`
  const extension = isMask ? 'png' : (input.mediaType.split('/')[1] ?? 'png')
  return {
    ...post,
    path: '/upload/image',
    spends: false,
    body: {
      kind: 'multipart',
      parts: [
        { kind: 'field', name: 'type', value: 'temp' },
        { kind: 'field', name: 'subfolder', value: 'halftone' },
        { kind: 'field', name: 'overwrite', value: 'true' },
        {
          kind: 'file',
          name: 'image',
          input,
          filename: `${name}.${extension}`,
          ...(isMask && { transform: 'white-is-edit' as const }),
        },
      ],
    },
  }
}

export function promptCall({ workflow, values, uploads }: Plan, names: readonly JsonValue[], attemptId: string): HttpCall {
  const images = Object.fromEntries(uploads.map(({ place }, index) => [place, names[index] ?? '']))
  return {
    ...post,
    path: '/prompt',
    body: { kind: 'json', value: { prompt: fill(workflow, { ...values, ...images }), client_id: attemptId } },
  }
}
