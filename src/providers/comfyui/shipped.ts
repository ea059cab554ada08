/** Workflows that come with Halftone, of ComfyUI's own nodes only. Results are kept in its folder for temporary files. */
import type { JsonObject } from '../../core/json.ts'

/** What distinguishes a family of models in the same chain of nodes. */
interface Family {
  readonly latent: string
  readonly steps: number
  readonly sampler: string
  readonly scheduler: string
  /** The strength of the prompt is a node of its own, and there is no negative prompt. */
  readonly distilled: boolean
  readonly guidance: number
}

const families = {
  sdxl: {
    latent: 'EmptyLatentImage',
    steps: 25,
    sampler: 'dpmpp_2m',
    scheduler: 'karras',
    distilled: false,
    guidance: 6.5,
  },
  flux: {
    latent: 'EmptySD3LatentImage',
    steps: 20,
    sampler: 'euler',
    scheduler: 'simple',
    distilled: true,
    guidance: 3.5,
  },
} as const satisfies Record<string, Family>

export type ShippedFamily = keyof typeof families
export const shippedFamilies = Object.keys(families) as readonly ShippedFamily[]

type Nodes = Readonly<Record<string, JsonObject>>
const node = (class_type: string, inputs: JsonObject): JsonObject => ({ class_type, inputs })

/** Model and prompt. */
function base({ distilled, guidance }: Family, checkpoint: string): Nodes {
  const negative = distilled ? '' : '{{negative_prompt}}'
  return {
    model: node('CheckpointLoaderSimple', { ckpt_name: checkpoint }),
    positive: node('CLIPTextEncode', { clip: ['model', 1], text: '{{prompt}}' }),
    negative: node('CLIPTextEncode', { clip: ['model', 1], text: negative }),
    ...(distilled && { guided: node('FluxGuidance', { conditioning: ['positive', 0], guidance: `{{guidance=${guidance}}}` }) }),
  }
}

interface Sampling {
  readonly latent: readonly [string, number]
  readonly positive?: readonly [string, number]
  readonly negative?: readonly [string, number]
  readonly denoise: string | number
}

function sampled(family: Family, { latent, positive, negative, denoise }: Sampling): Nodes {
  const { distilled, guidance, steps, sampler, scheduler } = family
  return {
    sampled: node('KSampler', {
      model: ['model', 0],
      positive: positive ?? [distilled ? 'guided' : 'positive', 0],
      negative: negative ?? ['negative', 0],
      latent_image: latent,
      seed: '{{seed}}',
      steps: `{{steps=${steps}}}`,
      cfg: distilled ? 1 : `{{guidance=${guidance}}}`,
      sampler_name: sampler,
      scheduler,
      denoise,
    }),
    decoded: node('VAEDecode', { samples: ['sampled', 0], vae: ['model', 2] }),
  }
}

const shown = (images: string): Nodes => ({ shown: node('PreviewImage', { images: [images, 0] }) })
const empty = ({ latent }: Family): Nodes => ({
  empty: node(latent, { width: '{{width}}', height: '{{height}}', batch_size: '{{n}}' }),
})

/** The picture as latents, once for each picture that is wanted. */
const encodedImage: Nodes = {
  image: node('LoadImage', { image: '{{image}}' }),
  encoded: node('VAEEncode', { pixels: ['image', 0], vae: ['model', 2] }),
  batch: node('RepeatLatentBatch', { samples: ['encoded', 0], amount: '{{n}}' }),
}

const generate = (family: Family, checkpoint: string): Nodes => ({
  ...base(family, checkpoint),
  ...empty(family),
  ...sampled(family, { latent: ['empty', 0], denoise: 1 }),
  ...shown('decoded'),
})

const edit = (family: Family, checkpoint: string): Nodes => ({
  ...base(family, checkpoint),
  ...encodedImage,
  ...sampled(family, { latent: ['batch', 0], denoise: '{{strength=0.75}}' }),
  ...shown('decoded'),
})

/** What lies outside the mask is taken from the input, pixel by pixel. */
const inpaint = (family: Family, checkpoint: string): Nodes => ({
  ...base(family, checkpoint),
  ...encodedImage,
  mask: node('LoadImageMask', { image: '{{mask}}', channel: 'red' }),
  masked: node('SetLatentNoiseMask', { samples: ['batch', 0], mask: ['mask', 0] }),
  ...sampled(family, { latent: ['masked', 0], denoise: '{{strength=1}}' }),
  composed: node('ImageCompositeMasked', {
    destination: ['image', 0],
    source: ['decoded', 0],
    x: 0,
    y: 0,
    resize_source: false,
    mask: ['mask', 0],
  }),
  ...shown('composed'),
})

const control = (family: Family, checkpoint: string, net: string): Nodes => ({
  ...base(family, checkpoint),
  ...empty(family),
  net: node('ControlNetLoader', { control_net_name: net }),
  control: node('LoadImage', { image: '{{control}}' }),
  steered: node('ControlNetApplyAdvanced', {
    positive: [family.distilled ? 'guided' : 'positive', 0],
    negative: ['negative', 0],
    control_net: ['net', 0],
    image: ['control', 0],
    strength: '{{control_strength=0.8}}',
    start_percent: 0,
    end_percent: 1,
    vae: ['model', 2],
  }),
  ...sampled(family, { latent: ['empty', 0], positive: ['steered', 0], negative: ['steered', 1], denoise: 1 }),
  ...shown('decoded'),
})

const upscale = (model: string): Nodes => ({
  image: node('LoadImage', { image: '{{image}}' }),
  upscaler: node('UpscaleModelLoader', { model_name: model }),
  enlarged: node('ImageUpscaleWithModel', { upscale_model: ['upscaler', 0], image: ['image', 0] }),
  sized: node('ImageScale', {
    image: ['enlarged', 0],
    upscale_method: 'lanczos',
    width: '{{width}}',
    height: '{{height}}',
    crop: 'disabled',
  }),
  ...shown('sized'),
})

export interface ShippedChoice {
  readonly use: ShippedFamily
  /** File in ComfyUI's `checkpoints`. */
  readonly checkpoint: string
  /** Files in `controlnet`, by what they follow. */
  readonly controlNets?: Readonly<Record<string, string>>
  /** File in `upscale_models`. */
  readonly upscaleModel?: string
}

/** The same form in which an operator writes several workflows. */
export function shippedWorkflows({ use, checkpoint, controlNets = {}, upscaleModel }: ShippedChoice): JsonObject {
  const family = families[use]
  const nets = Object.entries(controlNets).map(([kind, net]) => [kind, control(family, checkpoint, net)])
  return {
    generate: generate(family, checkpoint),
    edit: edit(family, checkpoint),
    inpaint: inpaint(family, checkpoint),
    ...(nets.length > 0 && { control: Object.fromEntries(nets) as JsonObject }),
    ...(upscaleModel !== undefined && { upscale: upscale(upscaleModel) }),
  }
}
