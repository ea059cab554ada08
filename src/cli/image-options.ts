/** What a picture can be asked to be: options shared by `generate` and `quote`. */
import { type Command, InvalidArgumentError } from 'commander'
import type { GenerationRequest } from '../contract/images.ts'

export interface ImageOptions {
  readonly model?: string
  readonly size?: string
  readonly quality?: string
  readonly n?: number
  readonly format?: string
  readonly background?: string
  readonly seed?: number
}

export const wholeNumber = (text: string): number => {
  if (!/^\d{1,15}$/.test(text)) throw new InvalidArgumentError('Write a whole number.')
  return Number(text)
}

/** Values are checked by the gateway, whose message names what the offer can do. */
export const withImageOptions = (command: Command): Command =>
  command
    .option('-m, --model <model>', 'route, publisher/name, bare name or offer id (default: auto, the cheapest that can)')
    .option('-s, --size <size>', 'WIDTHxHEIGHT in pixels, or auto')
    .option('-q, --quality <quality>', 'low, medium, high, ... as the model has them')
    .option('-n, --n <count>', 'how many pictures', wholeNumber)
    .option('-f, --format <format>', 'png, jpeg, webp, gif or svg')
    .option('-b, --background <background>', 'transparent or opaque')
    .option('--seed <number>', 'same seed, same picture, on offers that take one', wholeNumber)

/** The body's fields; what was not given is left to the gateway. */
export function imageFields(options: ImageOptions): Partial<GenerationRequest> {
  const { model, size, quality, n, format, background, seed } = options
  const fields = { model, size, quality, n, output_format: format, background, seed }
  // The wire's own validation decides about quality, format and background: they are passed on as typed.
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as Partial<GenerationRequest>
}
