/** `providers.<name>.options.workflows`: what the operator wrote, as workflows by what they are for. */
import { z } from 'zod'
import type { Capabilities, OptionalParameter } from '../../core/capability.ts'
import type { JsonObject, JsonValue } from '../../core/json.ts'
import { type ControlKind, controlKinds } from '../../core/request.ts'
import { asObject } from '../kit/read.ts'
import { type ShippedChoice, shippedFamilies, shippedWorkflows } from './shipped.ts'
import { isImagePlace, readWorkflow, type Workflow } from './template.ts'

const uses = ['generate', 'edit', 'inpaint', 'variation', 'upscale', 'remove_background'] as const
export type WorkflowUse = (typeof uses)[number]

/** All that one model can be asked for. */
export interface WorkflowSet {
  readonly by: Readonly<Partial<Record<WorkflowUse, Workflow>>>
  readonly controls: Readonly<Partial<Record<ControlKind, Workflow>>>
}

const shippedChoice = z.strictObject({
  use: z.enum(shippedFamilies as [string, ...string[]]),
  checkpoint: z.string().min(1),
  controlNets: z.partialRecord(z.enum(controlKinds), z.string().min(1)).optional(),
  upscaleModel: z.string().min(1).optional(),
})

export const comfyOptions = z.strictObject({
  workflows: z
    .record(z.string().regex(/^[^/\s:]+$/, 'must be a name without blanks, / and :'), z.json())
    .superRefine((workflows, context) => {
      for (const [name, value] of Object.entries(workflows)) {
        const set = readSet(value as JsonValue)
        if (typeof set === 'string') context.addIssue({ code: 'custom', path: [name], message: set })
      }
    })
    .describe(
      'By name: a workflow in API format (an object, or its text), several by use (`generate`, `edit`, `inpaint`, `variation`, `upscale`, `remove_background`, `control: {canny: ...}`), or `{use: sdxl | flux, checkpoint, controlNets, upscaleModel}`. `models` names them as `id`.',
    ),
})

/** One entry of `workflows`; a text says what is wrong with it. */
function readSet(value: JsonValue): WorkflowSet | string {
  const object = asObject(value)
  if (object && 'use' in object) {
    const choice = shippedChoice.safeParse(object)
    if (!choice.success) return `use: ${choice.error.issues.map(({ path, message }) => [...path, message].join(' ')).join('; ')}`
    // Checked on the line above; zod's type for optional members differs from ours.
    return readSet(shippedWorkflows(choice.data as ShippedChoice))
  }
  const isSeveral = object && Object.keys(object).every((key) => key === 'control' || uses.some((use) => use === key))
  return isSeveral && Object.keys(object).length > 0 ? readSeveral(object) : readSingle(value)
}

function readSeveral({ control = {}, ...others }: JsonObject): WorkflowSet | string {
  const by: Partial<Record<WorkflowUse, Workflow>> = {}
  const controls: Partial<Record<ControlKind, Workflow>> = {}
  for (const use of uses) {
    const value = others[use]
    if (value === undefined) continue
    const workflow = readWorkflow(value)
    if (typeof workflow === 'string') return `${use} ${workflow}`
    const missing = needed[use].find((name) => !workflow.names.has(name))
    if (missing) return `${use} has no {{${missing}}}`
    by[use] = workflow
  }
  for (const [kind, value] of Object.entries(asObject(control) ?? {})) {
    const known = controlKinds.find((each) => each === kind)
    if (!known) return `control.${kind} is none of ${controlKinds.join(', ')}`
    const workflow = readWorkflow(value ?? null)
    if (typeof workflow === 'string') return `control.${kind} ${workflow}`
    if (!workflow.names.has('control')) return `control.${kind} has no {{control}}`
    controls[known] = workflow
  }
  const isBeside = (use: WorkflowUse): boolean => by[use] !== undefined
  if (isBeside('inpaint') && isBeside('generate') && !isBeside('edit'))
    return 'has inpaint, so it needs edit for pictures without a mask'
  if (Object.keys(controls).length > 0 && !isBeside('generate'))
    return 'has control, so it needs generate for requests without one'
  return { by, controls }
}

const needed: Readonly<Record<WorkflowUse, readonly string[]>> = {
  generate: ['prompt'],
  edit: ['image'],
  inpaint: ['image', 'mask'],
  variation: ['image'],
  upscale: ['image', 'width', 'height'],
  remove_background: ['image'],
}

/** A single workflow is for what its places say. */
function readSingle(value: JsonValue): WorkflowSet | string {
  const workflow = readWorkflow(value)
  if (typeof workflow === 'string') return workflow
  const { names } = workflow
  if (!names.has('prompt')) return 'has no {{prompt}}'
  if (names.has('control')) return 'has {{control}}: write it under control, by the kind of image it reads'
  return { by: { [names.has('mask') ? 'inpaint' : names.has('image') ? 'edit' : 'generate']: workflow }, controls: {} }
}

const known = new WeakMap<JsonObject, ReadonlyMap<string, WorkflowSet>>()

/** Read once for each account; options that were not checked before give what can be read. */
export function workflowSets(options: JsonObject): ReadonlyMap<string, WorkflowSet> {
  const before = known.get(options)
  if (before) return before
  const sets = new Map<string, WorkflowSet>()
  for (const [name, value] of Object.entries(asObject(options['workflows']) ?? {})) {
    const set = readSet(value ?? null)
    if (typeof set !== 'string') sets.set(name, set)
  }
  known.set(options, sets)
  return sets
}

const parameterPlaces: readonly (readonly [place: string, parameter: OptionalParameter])[] = [
  ['seed', 'seed'],
  ['negative_prompt', 'negativePrompt'],
  ['steps', 'steps'],
  ['guidance', 'guidance'],
  ['strength', 'strength'],
]

/** What can be asked for, as far as the places tell; the operator may say otherwise. */
export function capabilitiesOf({ by, controls }: WorkflowSet): Capabilities {
  const all = [...Object.values(by), ...Object.values(controls)]
  const has = (place: string): boolean => all.some(({ names }) => names.has(place))
  const isEdit = by.edit !== undefined || by.inpaint !== undefined
  const kinds = Object.keys(controls) as ControlKind[]
  const operations = [
    ...(by.generate ? (['generate'] as const) : []),
    ...(isEdit ? (['edit'] as const) : []),
    ...(by.variation ? (['variation'] as const) : []),
    ...(by.upscale ? (['upscale'] as const) : []),
    ...(by.remove_background ? (['remove_background'] as const) : []),
  ]
  const makers = [by.generate, by.edit, by.inpaint, by.variation, ...Object.values(controls)].filter((each) => each !== undefined)
  const images = all.map(({ names }) => [...names].filter(isImagePlace).length)
  const editsTakeSizes = [by.edit, by.inpaint].some((workflow) => workflow?.names.has('width'))
  return {
    operations,
    sizes: { kind: 'area', multipleOf: 8, minEdge: 64, maxEdge: 4096, minPixels: 4096, maxPixels: 4_194_304, maxAspect: 4 },
    defaultSize: { width: 1024, height: 1024 },
    qualities: [],
    maxN: makers.length > 0 && makers.every(({ names }) => names.has('n')) ? 4 : 1,
    formats: ['png'],
    defaultFormat: 'png',
    backgrounds: [],
    maxInputs: Math.max(...images),
    mask: by.inpaint !== undefined,
    ...(kinds.length > 0 && { controls: kinds }),
    ...(by.upscale && { upscale: { factors: [2, 4], maxPixels: 33_554_432 } }),
    ...(isEdit && !editsTakeSizes && { sizeFromInput: true as const }),
    ...(by.inpaint && !by.edit && { needs: ['mask' as const] }),
    maxPromptChars: 32_000,
    parameters: parameterPlaces.filter(([place]) => has(place)).map(([, parameter]) => parameter),
    cancelStopsBilling: true,
    asyncJobs: true,
  }
}
