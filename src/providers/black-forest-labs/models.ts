/**
 * What Black Forest Labs sells. Sources: its OpenAPI document 0.0.1 (2026-05-01) for endpoints, members and limits;
 * docs.bfl.ai for FLUX.2's grid (multiples of 16, up to 4 megapixels) and for the sizes that aspect ratios stand for.
 */
import type { Capabilities, OptionalParameter } from '../../core/capability.ts'
import type { Size } from '../../core/request.ts'
import { kontextSizes, ultraSizes } from '../kit/flux-sizes.ts'
import type { KnownModel } from '../kit/offers.ts'
import { ratioSizes } from '../kit/ratios.ts'

/** How a model is told the size of its picture: in pixels, by its shape, or not at all because it keeps its input's. */
type Sizing = 'pixels' | 'ratio' | 'input'

/** The member for the nth input image: `input_image_2`; or the one that takes an image to vary; or the one to fill or extend. */
type InputField = 'input_image' | 'image_prompt' | 'image'

export interface FluxModel extends KnownModel {
  readonly sizing: Sizing
  readonly inputField: InputField
}

const flux2Grid: Capabilities['sizes'] = {
  kind: 'area',
  multipleOf: 16,
  minEdge: 64,
  maxEdge: 2048,
  minPixels: 64 * 64,
  maxPixels: 2048 * 2048,
  maxAspect: 32,
}

const flux1Grid: Capabilities['sizes'] = {
  kind: 'area',
  multipleOf: 32,
  minEdge: 256,
  maxEdge: 1440,
  minPixels: 256 * 256,
  maxPixels: 1440 * 1440,
  maxAspect: 5.625,
}

const square: Size = { width: 1024, height: 1024 }

const common: Capabilities = {
  operations: ['generate', 'edit'],
  sizes: flux2Grid,
  defaultSize: square,
  qualities: [],
  maxN: 1,
  formats: ['jpeg', 'png', 'webp'],
  defaultFormat: 'jpeg',
  backgrounds: [],
  maxInputs: 8,
  mask: false,
  maxPromptChars: 32_000,
  parameters: ['seed'],
  cancelStopsBilling: false,
  asyncJobs: true,
}

function flux(
  name: string,
  wireModel: string,
  how: Pick<FluxModel, 'sizing' | 'inputField'>,
  differs: Partial<Capabilities> = {},
): FluxModel {
  return { model: `black-forest-labs/${name}`, wireModel, ...how, capabilities: { ...common, ...differs } }
}

const flux2 = { sizing: 'pixels', inputField: 'input_image' } as const
const flux1 = { sizing: 'pixels', inputField: 'image_prompt' } as const
const tuned: readonly OptionalParameter[] = ['seed', 'steps', 'guidance']

/** They make new pictures, also after one that is given; they edit none. */
const varies: Partial<Capabilities> = { operations: ['generate', 'variation'], maxInputs: 1 }
const kontext: Partial<Capabilities> = {
  sizes: { kind: 'list', sizes: ratioSizes(kontextSizes) },
  defaultFormat: 'png',
  maxInputs: 4,
}

export const fluxModels: readonly FluxModel[] = [
  flux('flux.2-pro', 'flux-2-pro', flux2),
  flux('flux.2-max', 'flux-2-max', flux2),
  flux('flux.2-flex', 'flux-2-flex', flux2, { parameters: tuned }),
  flux('flux.2-klein-9b', 'flux-2-klein-9b', flux2, { maxInputs: 4 }),
  flux('flux.2-klein-4b', 'flux-2-klein-4b', flux2, { maxInputs: 4 }),
  flux('flux.1-kontext-pro', 'flux-kontext-pro', { sizing: 'ratio', inputField: 'input_image' }, kontext),
  flux('flux.1-kontext-max', 'flux-kontext-max', { sizing: 'ratio', inputField: 'input_image' }, kontext),
  flux('flux.1.1-pro', 'flux-pro-1.1', flux1, { ...varies, sizes: flux1Grid }),
  flux(
    'flux.1.1-pro-ultra',
    'flux-pro-1.1-ultra',
    { sizing: 'ratio', inputField: 'image_prompt' },
    {
      ...varies,
      sizes: { kind: 'list', sizes: ratioSizes(ultraSizes) },
      defaultSize: { width: 2048, height: 2048 },
      parameters: ['seed', 'strength'],
    },
  ),
  flux('flux.1-dev', 'flux-dev', flux1, { ...varies, sizes: flux1Grid, parameters: tuned }),
  flux(
    'flux.1-fill-pro',
    'flux-pro-1.0-fill',
    { sizing: 'input', inputField: 'image' },
    {
      operations: ['edit'],
      sizes: { kind: 'any' },
      sizeFromInput: true,
      needs: ['image', 'mask'],
      maxInputs: 1,
      mask: true,
      parameters: tuned,
    },
  ),
  flux(
    'flux.1-expand-pro',
    'flux-pro-1.0-expand',
    { sizing: 'input', inputField: 'image' },
    {
      operations: ['edit'],
      sizes: { kind: 'any' },
      sizeFromInput: true,
      needs: ['image', 'outpaint'],
      maxInputs: 1,
      parameters: [...tuned, 'outpaint'],
    },
  ),
]
