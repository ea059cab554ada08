import { openAsBlob } from 'node:fs'
import { basename, relative, resolve } from 'node:path'
import { type Command, InvalidArgumentError, Option } from 'commander'
import type { HalftoneResult } from '../../contract/images.ts'
import { type ConnectOptions, connect, withConnectOptions } from '../connect.ts'
import type { CliContext } from '../context.ts'
import { CliError } from '../exit.ts'
import { bytes, duration, plain, plural } from '../format.ts'
import { type ImageOptions, imageFields, wholeNumber, withImageOptions } from '../image-options.ts'
import { type ImageTarget, openTarget, saveImage, sniffImage } from '../images.ts'
import { type Made, makeImages, type OutgoingImageRequest } from '../make-images.ts'
import { startProgress } from '../progress.ts'
import { renderPairs } from '../table.ts'
import { quoteLines, requestQuote } from './quote.ts'
import { costText } from './requests.ts'

interface Options extends ConnectOptions, ImageOptions {
  readonly output?: string
  readonly edit?: string[]
  readonly mask?: string
  readonly stream?: boolean
  readonly progress?: boolean
  readonly maxCost?: string
  readonly quoteId?: string
  readonly deadline?: number
  readonly group?: string
  readonly tag?: Readonly<Record<string, string>>
  readonly allowUnsupported?: boolean
  readonly dryRun?: boolean
}

export function define(command: Command, context: CliContext): void {
  withImageOptions(command.argument('<prompt>', 'what the picture shows'))
    .option('-o, --output <path>', 'file or folder to save to (default: halftone-<id>.<format> here)')
    .option('--edit <files...>', 'edit these pictures instead of starting from nothing')
    .option('--mask <file>', 'PNG whose transparent parts are to be changed (with --edit)')
    .option('--stream', 'count partial pictures as they come; needs a model that streams, and each may cost a little')
    .option('--progress', 'show how far it is, where the provider tells')
    .option('--max-cost <usd>', 'refuse when it could cost more than this')
    .option('--quote-id <id>', 'make it at the maximum of this quote, or fail')
    .option('--deadline <seconds>', 'give up after this long', wholeNumber)
    .option('--group <name>', 'pictures that must look alike')
    .option('--allow-unsupported', 'leave out what the model cannot do, with a warning, instead of failing')
    .option('--dry-run', 'price it, and send nothing')
    .addOption(new Option('--tag <name=value>', 'attribution, may be repeated').argParser(collectTag))
  withConnectOptions(command).action((prompt: string, options: Options) => generate(context, prompt, options))
}

function collectTag(text: string, before: Readonly<Record<string, string>> | undefined): Readonly<Record<string, string>> {
  const [, name, value] = /^([^=]+)=(.*)$/s.exec(text) ?? []
  if (name === undefined || value === undefined) throw new InvalidArgumentError('Write name=value.')
  return { ...before, [name]: value }
}

async function generate(context: CliContext, prompt: string, options: Options): Promise<void> {
  const { out } = context
  if (options.mask !== undefined && options.edit === undefined) {
    throw new CliError('usage', 'A mask needs a picture to edit.', { remedy: 'Name it with --edit.' })
  }
  const client = await connect(context, options)
  if (options.dryRun) {
    const answer = await requestQuote(client, prompt, options, {
      sizes: await inputSizes(options),
      mask: options.mask !== undefined,
    })
    if (options.json) return out.json(answer)
    for (const line of quoteLines(answer, out, {})) out.line(line)
    return out.line(out.paint('dim', 'Nothing was sent: --dry-run.'))
  }
  // Everything that can fail for free fails before the picture is paid for.
  const target = await openTarget(options.output, context.cwd)
  const request = await outgoing(context, prompt, options, target)
  const startedMs = performance.now()
  const progress = await startProgress(out, `waiting for ${options.model ?? 'auto'}`, options.json === true)
  const made = await makeImages(client, request, progress).finally(() => progress.stop())
  const saved = await saveAll(context, made, target)
  if (options.json) {
    return out.json({
      object: 'generation',
      files: saved,
      size: made.size,
      quality: made.quality,
      usage: made.usage,
      halftone: made.halftone,
    })
  }
  report(context, made, saved, performance.now() - startedMs)
}

/** Pixels of the pictures to edit, for a quote that sends none of them. */
async function inputSizes({ edit = [] }: Options): Promise<string[]> {
  if (edit.length === 0) return []
  const { default: sharp } = await import('sharp')
  return Promise.all(
    edit.map(async (file) => {
      const { width, height } = await sharp(file)
        .metadata()
        .catch((cause: Error) => {
          throw unreadable(file, cause)
        })
      return `${width}x${height}`
    }),
  )
}

const unreadable = (file: string, cause?: Error): CliError =>
  new CliError('usage', `${file} cannot be read as a picture.`, { remedy: 'Send a PNG, JPEG, WebP or GIF file.', cause })

async function outgoing(
  context: CliContext,
  prompt: string,
  options: Options,
  target: ImageTarget,
): Promise<OutgoingImageRequest> {
  // A stream that is read here anyway also tells how far it is.
  const isStreamed = options.stream === true || options.progress === true
  const own = {
    max_cost_usd: options.maxCost,
    quote_id: options.quoteId,
    deadline_ms: options.deadline === undefined ? undefined : options.deadline * 1000,
    group: options.group,
    tags: options.tag,
    allow_unsupported: options.allowUnsupported,
    progress: isStreamed ? true : undefined,
  }
  const halftone = Object.fromEntries(Object.entries(own).filter(([, value]) => value !== undefined))
  const fields = {
    prompt,
    ...imageFields(options),
    // `-o fox.webp` asks for WebP as clearly as `--format webp`.
    ...(options.format === undefined && target.format !== undefined ? { output_format: target.format } : {}),
    ...(isStreamed ? { stream: true } : {}),
    ...(options.stream ? { partial_images: PARTIALS } : {}),
    ...(Object.keys(halftone).length === 0 ? {} : { halftone }),
  }
  if (options.edit === undefined) return { kind: 'generate', fields, stream: isStreamed, partials: PARTIALS }
  const open = async (file: string) => {
    const path = resolve(context.cwd, file)
    const blob = await openAsBlob(path).catch((cause: Error) => {
      throw unreadable(file, cause)
    })
    const head = new Uint8Array(await blob.slice(0, SNIFFED_BYTES).arrayBuffer())
    if (sniffImage(head).extension === 'bin') throw unreadable(file)
    return { name: basename(path), blob }
  }
  const images = await Promise.all(options.edit.map(open))
  const mask = options.mask === undefined ? undefined : await open(options.mask)
  return {
    kind: 'edit',
    fields,
    images,
    ...(mask === undefined ? {} : { mask }),
    stream: isStreamed,
    partials: PARTIALS,
  }
}

/** Enough to tell a picture from anything else. */
const SNIFFED_BYTES = 512

/** Partial pictures asked for with --stream. */
const PARTIALS = 2

interface SavedImage {
  readonly path: string
  readonly bytes: number
  readonly format: string
  readonly revised_prompt?: string
}

async function saveAll({ cwd, out }: CliContext, made: Made, target: ImageTarget): Promise<SavedImage[]> {
  const saved: SavedImage[] = []
  const count = made.images.length
  for (const [index, image] of made.images.entries()) {
    const { extension, name } = sniffImage(image.data)
    const path = target.pathOf({ requestId: made.halftone.request_id, index, count, extension })
    await saveImage(path, image.data, made.halftone.request_id)
    if (target.format !== undefined && target.format !== (extension === 'jpg' ? 'jpeg' : extension)) {
      out.note(`${out.paintNote('yellow', 'warning:')} ${relative(cwd, path)} holds a ${name} picture, whatever its name says`)
    }
    const { revisedPrompt } = image
    saved.push({
      path,
      bytes: image.data.byteLength,
      format: name,
      ...(revisedPrompt === undefined ? {} : { revised_prompt: revisedPrompt }),
    })
  }
  return saved
}

function report({ out, cwd }: CliContext, made: Made, saved: readonly SavedImage[], tookMs: number): void {
  const { halftone } = made
  const shape = [made.size, made.quality].filter((it) => it !== undefined).join(', ')
  const files = saved.map(
    (image) => `${nearPath(cwd, image.path)}  ${[shape, image.format, bytes(image.bytes)].filter((it) => it !== '').join(', ')}`,
  )
  const revised = saved.flatMap((image) => image.revised_prompt ?? [])
  const pairs: (readonly [string, string])[] = [
    ['Saved', files.join('\n')],
    ['Cost', costLine(halftone)],
    ['Offer', `${halftone.offer ?? 'none'}, ${plural(halftone.attempts, 'attempt')}, ${duration(tookMs)}`],
    ...revised.slice(0, 1).map((text) => ['Prompt', plain(text)] as const),
    ['Request', halftone.request_id],
  ]
  for (const line of renderPairs(pairs, out)) out.line(line)
  for (const warning of halftone.warnings) out.note(`${out.paintNote('yellow', 'warning:')} ${plain(warning.message)}`)
}

function costLine(halftone: HalftoneResult): string {
  if (halftone.cost_usd === null) return 'unknown'
  const cost = costText({ cost_usd: halftone.cost_usd, cost_status: halftone.cost_status })
  const status = halftone.cost_status === 'final' ? '' : ` (${halftone.cost_status})`
  return `${cost}${status}${halftone.sandbox ? ' of sandbox money: nothing was spent' : ''}`
}

/** Relative where that is shorter. */
function nearPath(cwd: string, path: string): string {
  const short = relative(cwd, path)
  return short.startsWith('..') ? path : short
}
