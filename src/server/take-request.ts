/** From a body that was read to a checked request with its pictures: the same for every way in. */
import type { IncomingHttpHeaders } from 'node:http'
import { HalftoneError } from '../core/error.ts'
import type { ImageInput, InputRole, Operation, Size } from '../core/request.ts'
import type { ServerContext } from './context.ts'
import { openUploadedImage } from './files.ts'
import { checkWire, fromFormFields, type NormalizedRequest, normalizeRequest, type WireRequest } from './image-request.ts'
import { fetchIncomingImage, type IncomingImage, toIncomingImage } from './incoming-image.ts'
import type { Identity } from './key-ring.ts'
import { disposeImages, type RawImage, type ReadBody } from './read-body.ts'

export interface TakeOptions {
  readonly operation: Operation
  readonly body: ReadBody
  /** Values of a form are text. */
  readonly isForm: boolean
  readonly headers: IncomingHttpHeaders
  readonly identity: Identity
  /** Aborts fetching the pictures that are given by their addresses. */
  readonly signal: AbortSignal
}

export interface TakenRequest extends NormalizedRequest {
  /** The caller's, to dispose or to hand on. */
  readonly inputs: readonly IncomingImage[]
}

/** Everything that can be refused without looking at images is refused before any of them is fetched. On refusal all are disposed. */
export async function takeRequest(context: ServerContext, options: TakeOptions): Promise<TakenRequest> {
  const { operation, body, headers } = options
  const wire = await orDispose(body.images, () => wireOf(options))
  const inputs = await takeInputs(context, options)
  try {
    const normalized = normalizeRequest({ operation, wire, inputs: inputs.map(({ input }) => input), headers })
    return { ...normalized, inputs }
  } catch (error) {
    await disposeInputs(inputs)
    throw error
  }
}

/** Of a picture that nobody has measured. */
export const ASSUMED_SIZE: Size = { width: 1024, height: 1024 }

/** Stands for a picture of which only the size counts. */
export const placeholder = (role: InputRole, { width, height }: Size): ImageInput => ({
  role,
  sha256: '',
  bytes: 0,
  mediaType: 'image/png',
  width,
  height,
})

/**
 * The same to be priced alone: pictures are measured and disposed of. Those that are given by their addresses are not fetched; `assumedSizes`
 * says that there are some, which were taken to be of `ASSUMED_SIZE`.
 */
export async function lookAtRequest(
  context: ServerContext,
  options: TakeOptions,
): Promise<NormalizedRequest & { readonly assumedSizes: boolean }> {
  const { operation, body, headers } = options
  const wire = await orDispose(body.images, () => wireOf(options))
  const far = body.images.filter(({ source }) => source.kind === 'url')
  const near = body.images.filter(({ source }) => source.kind !== 'url')
  const taken = await takeInputs(context, { ...options, body: { ...body, images: near } })
  await disposeInputs(taken)
  const inputs = [...taken.map(({ input }) => input), ...far.map(({ role }) => placeholder(role, ASSUMED_SIZE))]
  return { ...normalizeRequest({ operation, wire, inputs, headers }), assumedSizes: far.length > 0 }
}

function wireOf({ operation, body: { parameters, images }, isForm }: TakeOptions): WireRequest {
  const wire = checkWire(operation, isForm ? fromFormFields(parameters) : parameters)
  checkImages(operation, images)
  checkControl(
    wire,
    images.some(({ role }) => role === 'control'),
  )
  return wire
}

/** What each operation does with images. */
const taken: Readonly<Record<Operation, readonly InputRole[]>> = {
  generate: ['control'],
  edit: ['image', 'mask', 'markup', 'control'],
  variation: ['image'],
  upscale: ['image'],
  remove_background: ['image'],
}

function checkImages(operation: Operation, images: readonly RawImage[]): void {
  const foreign = images.find(({ role }) => !taken[operation].includes(role))
  if (foreign) {
    const message =
      operation === 'generate'
        ? 'Generations take no images; use /v1/images/edits.'
        : `Only an image is taken, no ${foreign.role}.`
    throw new HalftoneError('unknown_parameter', message, { param: foreign.param })
  }
  const count = (role: InputRole): number => images.filter((image) => image.role === role).length
  if (operation !== 'generate' && count('image') === 0)
    throw new HalftoneError('missing_required_parameter', 'Missing required parameter: "image".', { param: 'image' })
  const single: readonly InputRole[] = operation === 'edit' ? ['mask', 'markup', 'control'] : ['image', 'control']
  const repeated = single.find((role) => count(role) > 1)
  if (repeated) throw new HalftoneError('invalid_value', `Only one ${repeated} is taken.`, { param: repeated })
}

/** The picture and how it is read come together or not at all. */
function checkControl({ control_image, control_type, control_strength }: WireRequest, hasPicture: boolean): void {
  const isDescribed = (control_image ?? control_type ?? control_strength ?? undefined) !== undefined
  if (hasPicture && !control_image && !control_type)
    throw new HalftoneError('missing_required_parameter', 'Missing required parameter: "control_type".', {
      param: 'control_type',
    })
  if (!hasPicture && isDescribed) {
    const param = control_image ? 'control_image.image_url' : 'control'
    throw new HalftoneError('missing_required_parameter', `Missing required parameter: "${param}".`, { param })
  }
}

async function orDispose<T>(images: readonly RawImage[], work: () => T): Promise<T> {
  try {
    return work()
  } catch (error) {
    await disposeImages(images)
    throw error
  }
}

async function takeInputs(context: ServerContext, options: TakeOptions): Promise<readonly IncomingImage[]> {
  const settled = await Promise.allSettled(options.body.images.map((image) => takeInput(context, image, options)))
  const failed = settled.find((result) => result.status === 'rejected')
  if (failed) {
    await disposeInputs(settled.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : [])))
    throw failed.reason
  }
  return settled.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []))
}

async function takeInput(
  context: ServerContext,
  { role, param, source }: RawImage,
  { identity, signal }: TakeOptions,
): Promise<IncomingImage> {
  const { foreign, services, settings } = context
  switch (source.kind) {
    case 'url':
      return fetchIncomingImage(source.url, role, param, { foreign, spool: services.spool, signal, settings })
    case 'file':
      return toIncomingImage(await openUploadedImage(context, identity, source.id, param), role, param, settings)
    case 'body':
      return toIncomingImage(source.body, role, param, settings, source.filename)
  }
}

const disposeInputs = async (inputs: readonly IncomingImage[]): Promise<void> => {
  await Promise.all(inputs.map(({ body }) => body.dispose()))
}
