/** Everything an offer says it can do, as attempts: a double that knows the provider's members then judges the claims. */
import type { Offer } from '../../src/core/offer.ts'
import type { ControlKind, ImageInput, ImageRequest, Operation } from '../../src/core/request.ts'
import { type AttemptSetup, testInput } from '../providers/attempt.ts'
import { doubleMask, doublePicture } from './double-picture.ts'

export interface Use {
  readonly model: string
  readonly use: string
  readonly setup: AttemptSetup
}

const image = doublePicture(1024, 1024)
const mask = await doubleMask(1024, 1024)
const files = { input: image, mask }
const pixels = { width: 1024, height: 1024 }

/** Each operation, mask, control image and side to extend, with every optional parameter and as many pictures as it takes. */
export const usesOf = (offers: readonly Offer[]): readonly Use[] => offers.flatMap((offer) => usesOfOne(offer))

function usesOfOne({ model, provider, capabilities }: Offer): Use[] {
  const { operations, maxInputs, controls = [], parameters, needs = [], needsExtra = [] } = capabilities
  const sides = { left: 64, right: 0, top: 0, bottom: 64 }
  const always: Partial<ImageRequest> = {
    ...(needs.includes('outpaint') ? { outpaint: sides } : {}),
    extraBody: { [provider]: Object.fromEntries(needsExtra.map((name) => [name, 'something'])) },
  }
  const pictures = (count: number): ImageInput[] =>
    Array.from({ length: count }, (_, index) => testInput(image, { ...pixels, role: index === 0 ? 'image' : 'reference' }))
  const controlOf = (control: ControlKind): ImageInput =>
    testInput(image, { ...pixels, role: 'control', control, controlStrength: 0.5 })
  const required: ImageInput[] = [
    ...(needs.includes('mask') ? [testInput(mask, { ...pixels, role: 'mask', sha256: 'mask' })] : []),
    ...(needs.includes('control') ? controls.slice(0, 1).map(controlOf) : []),
  ]
  const use = (name: string, operation: Operation, inputs: readonly ImageInput[], more: Partial<ImageRequest> = {}): Use => ({
    model,
    use: name,
    setup: {
      model,
      settings: settingsOf(capabilities, operation),
      request: { ...optionalOf(capabilities), ...always, operation, inputs, ...more },
      files,
    },
  })
  const plain = operations.map((operation) =>
    use(operation, operation, [...(operation === 'generate' ? [] : pictures(operation === 'edit' ? maxInputs : 1)), ...required]),
  )
  const [masked] =
    capabilities.mask && !needs.includes('mask')
      ? [use('mask', 'edit', [...pictures(1), testInput(mask, { ...pixels, role: 'mask', sha256: 'mask' })])]
      : []
  const controlled = controls.map((control) =>
    needs.includes('image')
      ? use(control, 'edit', [...pictures(1), controlOf(control)])
      : use(control, 'generate', [controlOf(control)]),
  )
  const extended = parameters.includes('outpaint')
    ? [use('outpaint', 'edit', [...pictures(1), ...required], { outpaint: sides })]
    : []
  return [...plain, ...(masked ? [masked] : []), ...controlled, ...extended]
}

function settingsOf({ maxN, parameters, backgrounds, steps }: Offer['capabilities'], operation: Operation) {
  return {
    n: operation === 'generate' ? maxN : 1,
    ...(parameters.includes('steps') ? { steps: steps?.max ?? 20 } : {}),
    ...(backgrounds[0] ? { background: backgrounds[0] } : {}),
    ...(operation === 'upscale' ? { size: { width: 2048, height: 2048 } } : {}),
  }
}

function optionalOf({ parameters, styles }: Offer['capabilities']): Partial<ImageRequest> {
  const all = {
    seed: 3,
    guidance: 4,
    strength: 0.25,
    negativePrompt: 'rain',
    style: styles?.[0] ?? 'photo',
    outputCompression: 80,
  }
  return Object.fromEntries(Object.entries(all).filter(([name]) => parameters.some((parameter) => parameter === name)))
}
