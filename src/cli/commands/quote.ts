import type { Command } from 'commander'
import type { QuoteResponse } from '../../contract/quote.ts'
import type { Client } from '../client.ts'
import { type ConnectOptions, connect, withConnectOptions } from '../connect.ts'
import type { CliContext, Output } from '../context.ts'
import { CliError } from '../exit.ts'
import { dateTime, plural, usd } from '../format.ts'
import { type ImageOptions, imageFields, wholeNumber, withImageOptions } from '../image-options.ts'
import { candidateLines, isCurrent, leftOut } from '../quote/candidates.ts'
import { constraintLines } from '../quote/constraints.ts'
import { jobLines, parseDeadline } from '../quote/job.ts'
import { renderPairs } from '../table.ts'
import { eliminationLines } from './explain.ts'

interface Options extends ConnectOptions, ImageOptions {
  readonly inputs?: string[]
  readonly mask?: boolean
  readonly maxCost?: string
  readonly lines?: boolean
  readonly all?: boolean
  readonly explain?: boolean
  readonly count?: number
  readonly deadline?: number
}

export function define(command: Command, context: CliContext): void {
  command.argument('[prompt]', 'the prompt; some models price by its length and complexity')
  withImageOptions(command)
    .option('--inputs <sizes...>', 'price an edit of pictures of these sizes, such as 1024x1024')
    .option('--mask', 'the edit has a mask')
    .option('--max-cost <usd>', 'leave out what could cost more than this')
    .option('--lines', 'itemise each candidate')
    .option('--all', 'every candidate, and every offer that is none with its reason')
    .option('--explain', 'what each constraint costs: the price and the offers without it')
    .option('--count <images>', 'price a job of so many pictures, all lanes', wholeNumber)
    .option('--deadline <time>', 'the whole job is needed within 90m, 6h or 2d (with --count)', parseDeadline)
  withConnectOptions(command).action((prompt: string | undefined, options: Options) => quote(context, prompt, options))
}

async function quote(context: CliContext, prompt: string | undefined, options: Options): Promise<void> {
  const { out } = context
  if (options.deadline !== undefined && options.count === undefined) {
    throw new CliError('usage', '--deadline is for a job.', { remedy: 'Say with --count how many pictures it makes.' })
  }
  const client = await connect(context, options)
  const answer = await requestQuote(client, prompt, options, {
    sizes: options.inputs ?? [],
    mask: options.mask === true,
    explain: options.explain === true,
    ...(options.maxCost !== undefined && { maxCost: options.maxCost }),
    ...(options.count !== undefined && {
      job: { count: options.count, ...(options.deadline !== undefined && { deadline_ms: options.deadline }) },
    }),
  })
  if (options.json) return out.json(answer)
  for (const line of quoteLines(answer, out, options)) out.line(line)
  if (!answer.candidates.some((it) => it.eligible)) {
    throw new CliError('usage', 'No candidate would be chosen for this request.', {
      remedy: 'See what stands in the way with --explain and --all, then change the request.',
    })
  }
}

export interface QuoteAsk {
  /** `WIDTHxHEIGHT` of each picture that would be sent. */
  readonly sizes: readonly string[]
  readonly mask: boolean
  readonly explain?: boolean
  readonly maxCost?: string
  readonly job?: { readonly count: number; readonly deadline_ms?: number }
}

/** Ask for a quote. Without a prompt, one of average length stands in. */
export function requestQuote(
  client: Client,
  prompt: string | undefined,
  options: ImageOptions,
  { sizes, mask, explain, maxCost, job }: QuoteAsk,
): Promise<QuoteResponse> {
  return client.call('quote', {
    body: {
      prompt: prompt ?? STAND_IN_PROMPT,
      ...imageFields(options),
      ...(sizes.length > 0 && { operation: 'edit', inputs: sizes.map(parsePixels), mask }),
      ...(explain && { explain }),
      ...(job && { job }),
      ...(maxCost !== undefined && { halftone: { max_cost_usd: maxCost } }),
    },
  })
}

const STAND_IN_PROMPT = 'A product photograph of a ceramic mug on a wooden table, soft morning light, shallow depth of field'

function parsePixels(text: string): { width: number; height: number } {
  const [, width, height] = /^(\d+)x(\d+)$/.exec(text) ?? []
  if (width === undefined || height === undefined) {
    throw new CliError('usage', `"${text}" is not a size.`, { remedy: 'Write WIDTHxHEIGHT in pixels, such as 1024x1024.' })
  }
  return { width: Number(width), height: Number(height) }
}

interface Show {
  readonly lines?: boolean
  readonly all?: boolean
}

export function quoteLines(answer: QuoteResponse, out: Output, { lines = false, all = false }: Show): string[] {
  const { candidates, eliminated, explained, job } = answer
  const counts: Record<string, number> = {}
  for (const { reason } of eliminated) counts[reason] = (counts[reason] ?? 0) + 1
  const footer = renderPairs(footerPairs(answer, all), out)
  return [
    `${out.paint('bold', 'Quote')} for ${plural(answer.n, 'image')}${sizeOf(answer)}, route ${answer.route}${candidates.some((it) => it.sandbox) ? ' (sandbox prices)' : ''}`,
    '',
    ...candidateLines(answer, out, { all, lines }),
    ...(footer.length > 0 ? ['', ...footer] : []),
    ...(explained ? ['', ...constraintLines(explained, out)] : []),
    ...(job ? ['', ...jobLines(answer, out, { all, lines })] : []),
    ...eliminationLines({ eliminated_counts: counts, eliminated }, out, all),
    out.paint('dim', `Price book ${answer.price_book}`),
  ]
}

/** Said once where it is the same for every candidate. */
function sizeOf({ candidates }: QuoteResponse): string {
  const [first, ...others] = new Set(candidates.map(({ size }) => size))
  return first === undefined || others.length > 0 ? '' : ` of ${first}`
}

/** Which offer the group is held to, and what that costs. */
function groupPair({ group }: QuoteResponse): (readonly [label: string, text: string])[] {
  if (!group) return []
  const { name, role, offer, cheapest_offer: cheapest, cost_usd: cost } = group
  const text = { first: 'would be chosen now', followed: 'gives its look', switched: 'gives its look, but not to this request' }
  const made = `${offer ?? 'no offer'} ${text[role]}`
  const above = offer === cheapest ? '' : `\n${usd(cost)} above ${cheapest ?? 'the cheapest'}`
  return [['Group', `${name}: ${made}${above}`]]
}

function footerPairs(answer: QuoteResponse, all: boolean): (readonly [label: string, text: string])[] {
  const { current, id, max_usd, expires_at, candidates } = answer
  const pairs: (readonly [string, string])[] = all ? [] : [...leftOut(answer)]
  pairs.push(...groupPair(answer))
  if (current && current.source !== 'route' && !candidates.some((it) => isCurrent(it, answer))) {
    const quality = current.quality === null ? '' : `, ${current.quality}`
    pairs.push(['In use now', `${current.offer}${quality}; it cannot serve this request`])
  }
  if (current?.source === 'ledger') pairs.push(['In use', `by ${plural(current.images ?? 0, 'image')} of the last 30 days`])
  if (id !== null && max_usd !== null && expires_at !== null) {
    pairs.push(['Quote id', `${id}\nholds the request to ${usd(max_usd)}, until ${dateTime(expires_at)} UTC`])
  }
  return pairs
}
