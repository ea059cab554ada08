/** Graphs of InvokeAI's nodes: what is put in, and which outputs go where. */
import type { JsonObject } from '../../core/json.ts'
import type { Size } from '../../core/request.ts'

export interface Drawing {
  /** `ModelIdentifierField`. */
  readonly model: JsonObject
  readonly scheduler: string
  readonly prompt: string
  readonly negativePrompt: string
  readonly seed: number
  readonly size: Size
  readonly steps: number
  readonly guidance: number
  /** Name of an uploaded picture to start from, and how far to leave it. */
  readonly image?: string
  readonly strength?: number
}

type End = readonly [node: string, field: string]

const edge = ([from, output]: End, [to, input]: End): JsonObject => ({
  source: { node_id: from, field: output },
  destination: { node_id: to, field: input },
})

export function sdxlGraph(drawing: Drawing): JsonObject {
  const { model, scheduler, prompt, negativePrompt, seed, size, steps, guidance, image, strength = 1 } = drawing
  // Pictures are brought down to multiples of 8, and noise has to have their size.
  const [width, height] = [size.width, size.height].map((edge) => edge - (edge % 8)) as [number, number]
  const node = (id: string, type: string, inputs: JsonObject): JsonObject => ({
    [id]: { id, type, is_intermediate: true, ...inputs },
  })
  const sizes = { original_width: width, original_height: height, target_width: width, target_height: height }
  const text = (id: string, content: string): JsonObject =>
    node(id, 'sdxl_compel_prompt', { prompt: content, style: content, ...sizes })
  const isFromImage = image !== undefined
  const nodes = {
    ...node('model', 'sdxl_model_loader', { model }),
    ...text('positive', prompt),
    ...text('negative', negativePrompt),
    ...node('noise', 'noise', { seed, width, height, use_cpu: true }),
    ...(isFromImage && node('start', 'i2l', { image: { image_name: image } })),
    ...node('denoised', 'denoise_latents', {
      steps,
      cfg_scale: guidance,
      scheduler,
      denoising_start: isFromImage ? Math.round((1 - strength) * 10_000) / 10_000 : 0,
      denoising_end: 1,
    }),
    ...node('picture', 'l2i', {}),
  }
  const edges = [
    edge(['model', 'unet'], ['denoised', 'unet']),
    ...['positive', 'negative'].flatMap((prompted) => [
      edge(['model', 'clip'], [prompted, 'clip']),
      edge(['model', 'clip2'], [prompted, 'clip2']),
      edge([prompted, 'conditioning'], ['denoised', `${prompted}_conditioning`]),
    ]),
    edge(['noise', 'noise'], ['denoised', 'noise']),
    ...(isFromImage ? [edge(['model', 'vae'], ['start', 'vae']), edge(['start', 'latents'], ['denoised', 'latents'])] : []),
    edge(['model', 'vae'], ['picture', 'vae']),
    edge(['denoised', 'latents'], ['picture', 'latents']),
  ]
  return { id: 'halftone', nodes, edges }
}
