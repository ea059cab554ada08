/**
 * Stability's services, each a model of its own as in prices/stability.json. Members and limits: platform.stability.ai/docs
 * (v2beta), held against the stored descriptions in test/providers/stability.test.ts.
 */
import type { Capabilities, OptionalParameter } from '../../core/capability.ts'
import type { ControlKind, InputRole, Size } from '../../core/request.ts'
import type { KnownModel } from '../kit/offers.ts'
import { type RatioSizes, ratioSizes } from '../kit/ratios.ts'

/** What a service is told besides its images, by the request's words. */
export type StabilityMember =
  | 'prompt'
  | 'aspectRatio'
  | 'seed'
  | 'negativePrompt'
  | 'style'
  | 'guidance'
  | 'strength'
  | 'outpaint'
  | 'format'

export interface StabilityModel extends KnownModel {
  readonly takes: readonly StabilityMember[]
  /** The form's name for the input of a role. */
  readonly files: Readonly<Partial<Record<InputRole, string>>>
  /** The form's name for the prompt; `prompt` when absent. */
  readonly promptField?: string
  /** The form's name for how strictly a control image is followed. */
  readonly controlStrengthField?: string
  /** It is told whether it starts from a picture. */
  readonly hasMode?: true
  /** Members that are always the same. */
  readonly fixed?: Readonly<Record<string, string>>
}

/** About one megapixel. Nominal, as all tables here: what comes back is measured and a difference is said. */
export const megapixelSizes: RatioSizes = {
  '21:9': { width: 1536, height: 640 },
  '16:9': { width: 1344, height: 768 },
  '3:2': { width: 1216, height: 832 },
  '5:4': { width: 1088, height: 896 },
  '1:1': { width: 1024, height: 1024 },
  '4:5': { width: 896, height: 1088 },
  '2:3': { width: 832, height: 1216 },
  '9:16': { width: 768, height: 1344 },
  '9:21': { width: 640, height: 1536 },
}

const square: Size = { width: 1024, height: 1024 }

const presets = [
  '3d-model analog-film anime cinematic comic-book digital-art enhance fantasy-art isometric line-art low-poly',
  'modeling-compound neon-punk origami photographic pixel-art tile-texture',
].flatMap((line) => line.split(' '))

const common: Capabilities = {
  operations: ['generate'],
  sizes: { kind: 'list', sizes: ratioSizes(megapixelSizes) },
  defaultSize: square,
  qualities: [],
  maxN: 1,
  formats: ['png', 'jpeg', 'webp'],
  defaultFormat: 'png',
  backgrounds: [],
  maxInputs: 0,
  mask: false,
  maxPromptChars: 10_000,
  parameters: [],
  cancelStopsBilling: false,
  asyncJobs: false,
}

const optional: ReadonlySet<string> = new Set<OptionalParameter>([
  'seed',
  'negativePrompt',
  'style',
  'guidance',
  'strength',
  'outpaint',
])

function service(
  name: string,
  path: string,
  how: Omit<StabilityModel, keyof KnownModel>,
  differs: Partial<Capabilities> = {},
): StabilityModel {
  const parameters = how.takes.filter((member): member is StabilityMember & OptionalParameter => optional.has(member))
  return {
    model: `stability-ai/${name}`,
    wireModel: path,
    ...how,
    capabilities: {
      ...common,
      maxPromptChars: how.takes.includes('prompt') ? common.maxPromptChars : 0,
      maxInputs: how.files.image === undefined ? 0 : 1,
      mask: how.files.mask !== undefined,
      parameters,
      ...(how.takes.includes('style') ? { styles: presets } : {}),
      ...differs,
    },
  }
}

const told: readonly StabilityMember[] = ['prompt', 'seed', 'negativePrompt', 'style', 'format']
const shaped: readonly StabilityMember[] = [...told, 'aspectRatio']
const edits: Partial<Capabilities> = { operations: ['edit'], sizes: { kind: 'any' }, sizeFromInput: true }
const editing = (...needs: NonNullable<Capabilities['needs']>): Partial<Capabilities> => ({
  ...edits,
  needs: ['image', ...needs],
})
const follows = (...controls: ControlKind[]): Partial<Capabilities> => ({ controls, needs: ['control'], maxInputs: 1 })
const sd35 = (name: string, model: string): StabilityModel =>
  service(
    `stable-diffusion-3.5-${name}`,
    '/v2beta/stable-image/generate/sd3',
    {
      takes: [...shaped, 'guidance', 'strength'],
      files: { image: 'image' },
      hasMode: true,
      fixed: { model },
    },
    { operations: ['generate', 'edit'], formats: ['png', 'jpeg'], sizes: common.sizes },
  )

const image = { image: 'image' } as const
const masked = { image: 'image', mask: 'mask' } as const
const enlarges = (factor: number, maxPixels: number): Partial<Capabilities> => ({
  operations: ['upscale'],
  upscale: { factors: [factor], maxPixels },
})

export const stabilityModels: readonly StabilityModel[] = [
  service(
    'stable-image-ultra',
    '/v2beta/stable-image/generate/ultra',
    { takes: [...shaped, 'strength'], files: image },
    {
      operations: ['generate', 'edit'],
    },
  ),
  service('stable-image-core', '/v2beta/stable-image/generate/core', { takes: shaped, files: {} }),
  sd35('large', 'sd3.5-large'),
  sd35('large-turbo', 'sd3.5-large-turbo'),
  sd35('medium', 'sd3.5-medium'),
  service('inpaint', '/v2beta/stable-image/edit/inpaint', { takes: told, files: masked }, editing('mask', 'prompt')),
  service('erase', '/v2beta/stable-image/edit/erase', { takes: ['seed', 'format'], files: masked }, editing('mask')),
  service(
    'outpaint',
    '/v2beta/stable-image/edit/outpaint',
    {
      takes: ['prompt', 'seed', 'style', 'format', 'outpaint'],
      files: image,
    },
    editing('outpaint'),
  ),
  service(
    'search-and-replace',
    '/v2beta/stable-image/edit/search-and-replace',
    { takes: told, files: image },
    {
      ...editing('prompt'),
      needsExtra: ['search_prompt'],
    },
  ),
  service(
    'search-and-recolor',
    '/v2beta/stable-image/edit/search-and-recolor',
    { takes: told, files: image },
    {
      ...editing('prompt'),
      needsExtra: ['select_prompt'],
    },
  ),
  service(
    'replace-background-and-relight',
    '/v2beta/stable-image/edit/replace-background-and-relight',
    {
      takes: ['prompt', 'seed', 'negativePrompt', 'format'],
      files: { image: 'subject_image' },
      promptField: 'background_prompt',
    },
    { ...editing('prompt'), needsExtra: ['preserve_original_subject'], asyncJobs: true },
  ),
  service(
    'remove-background',
    '/v2beta/stable-image/edit/remove-background',
    { takes: ['format'], files: image },
    {
      operations: ['remove_background'],
      sizes: { kind: 'any' },
      formats: ['png', 'webp'],
    },
  ),
  service('upscale-fast', '/v2beta/stable-image/upscale/fast', { takes: ['format'], files: image }, enlarges(4, 4096 * 4096)),
  service(
    'upscale-conservative',
    '/v2beta/stable-image/upscale/conservative',
    {
      takes: ['prompt', 'seed', 'negativePrompt', 'format'],
      files: image,
    },
    { ...enlarges(4, 4096 * 4096), needs: ['prompt'] },
  ),
  service(
    'upscale-creative',
    '/v2beta/stable-image/upscale/creative',
    {
      takes: ['prompt', 'seed', 'negativePrompt', 'style', 'format'],
      files: image,
    },
    { ...enlarges(4, 4096 * 4096), needs: ['prompt'], asyncJobs: true },
  ),
  service(
    'control-sketch',
    '/v2beta/stable-image/control/sketch',
    {
      takes: told,
      files: { control: 'image' },
      controlStrengthField: 'control_strength',
    },
    { ...follows('sketch', 'scribble'), operations: ['generate'], maxInputs: 0, sizes: { kind: 'any' }, sizeFromInput: true },
  ),
  service(
    'control-structure',
    '/v2beta/stable-image/control/structure',
    {
      takes: told,
      files: { control: 'image' },
      controlStrengthField: 'control_strength',
    },
    { ...follows('structure'), operations: ['generate'], maxInputs: 0, sizes: { kind: 'any' }, sizeFromInput: true },
  ),
  service(
    'control-style',
    '/v2beta/stable-image/control/style',
    {
      takes: shaped,
      files: { control: 'image' },
      controlStrengthField: 'fidelity',
    },
    { ...follows('style'), operations: ['generate'], maxInputs: 0 },
  ),
  service(
    'style-transfer',
    '/v2beta/stable-image/control/style-transfer',
    {
      takes: ['prompt', 'seed', 'negativePrompt', 'format'],
      files: { image: 'init_image', control: 'style_image' },
      controlStrengthField: 'style_strength',
    },
    { ...edits, ...follows('style'), needs: ['image', 'control'] },
  ),
]
