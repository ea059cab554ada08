/** From a call to everything that will be done for it, fixed before the first wait. */
import { HalftoneError } from '../../core/error.ts'
import { promptFeatures } from '../../core/prompt/features.ts'
import type { Operation, OutputFormat } from '../../core/request.ts'
import type { ProviderCall } from '../../ports/provider.ts'
import { parseDirectives } from './directives.ts'
import type { Assignment } from './job.ts'
import { type SandboxModel, sandboxModels, type Work } from './models.ts'
import { isInkWord } from './palette.ts'
import type { Drawing, PictureFormat } from './picture.ts'
import { createRandom, hashText } from './random.ts'
import { chooseScene } from './scenes/index.ts'

/** Throws `invalid_value` for a bad directive and `unsupported_parameter` for what no sandbox model can do. */
export function createAssignment({ request, candidate, firstImage = 0 }: ProviderCall, random: () => number): Assignment {
  const { settings } = candidate
  const model = findModel(candidate.offer.wireModel)
  const { script, subject } = parseDirectives(request.prompt, model.name, [...sandboxModels.keys()])
  const seed = request.seed ?? Math.floor(random() * 2 ** 31)
  const partials = request.stream ? Math.min(request.partialImages, model.capabilities.maxPartialImages ?? 0) : 0
  const quality = settings.quality === undefined ? {} : { quality: settings.quality }
  const { complexity } = promptFeatures(subject, request)
  const work: Work = { prompt: subject, seed, complexity, size: settings.size, ...quality, images: settings.n, partials }
  const words = promptWords(subject)
  const task = tasks[request.operation]
  const drawings = Array.from({ length: settings.n }, (_, index): Drawing => {
    const drawingSeed = hashText(`${model.name}|${subject}|${seed}|${firstImage + index}`)
    return {
      model: model.name,
      scene: chooseScene(words, createRandom(drawingSeed)),
      words: words.filter(isInkWord),
      seed: drawingSeed,
      size: settings.size,
      format: pictureFormat(settings.format),
      ...(request.outputCompression !== undefined && { compression: request.outputCompression }),
      transparent: settings.background === 'transparent',
      ...(task && { task }),
      detail: model.detail(settings.quality),
      progress: 1,
    }
  })
  return {
    model: model.name,
    script,
    drawings,
    inputs: request.operation === 'generate' ? [] : request.inputs,
    seed,
    partials,
    latencyMs: model.latencyMs(work),
    usageByImages: Array.from({ length: settings.n + 1 }, (_, images) => model.usage({ ...work, images })),
  }
}

/** Of operations that keep the input as it is. */
const tasks: Readonly<Partial<Record<Operation, Drawing['task']>>> = { upscale: 'enlarge', remove_background: 'cut_out' }

function findModel(name: string): SandboxModel {
  const model = sandboxModels.get(name)
  if (model) return model
  throw new HalftoneError(
    'provider_not_found',
    `The sandbox has no model "${name}"; it has ${[...sandboxModels.keys()].join(', ')}.`,
  )
}

function pictureFormat(format: OutputFormat): PictureFormat {
  if (format === 'png' || format === 'jpeg' || format === 'webp') return format
  throw new HalftoneError('unsupported_parameter', `The sandbox makes png, jpeg and webp, not ${format}.`, {
    param: 'output_format',
  })
}

/** Lower-case words, plurals also as singulars: "oranges" asks for the colour, too. */
export function promptWords(prompt: string): readonly string[] {
  const words = prompt.toLowerCase().match(/[a-z]+/g) ?? []
  return words.flatMap((word) => (word.length > 3 && word.endsWith('s') ? [word, word.slice(0, -1)] : [word]))
}
