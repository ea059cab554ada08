import type { Command } from 'commander'
import type { CandidateQuote, QuoteResponse } from '../../contract/records.ts'
import type { Client } from '../client.ts'
import { type ConnectOptions, connect, withConnectOptions } from '../connect.ts'
import type { CliContext, Output } from '../context.ts'
import { CliError } from '../exit.ts'
import { alignDecimals, plain, plural, usd } from '../format.ts'
import { type ImageOptions, imageFields, withImageOptions } from '../image-options.ts'
import { renderTable } from '../table.ts'
import { eliminationLines } from './explain.ts'

interface Options extends ConnectOptions, ImageOptions {
  readonly inputs?: string[]
  readonly mask?: boolean
  readonly lines?: boolean
  readonly all?: boolean
}

export function define(command: Command, context: CliContext): void {
  command.argument('[prompt]', 'the prompt; some models price by its length and complexity')
  withImageOptions(command)
    .option('--inputs <sizes...>', 'price an edit of pictures of these sizes, such as 1024x1024')
    .option('--mask', 'the edit has a mask')
    .option('--lines', 'itemise each candidate')
    .option('--all', 'list every offer that cannot, with its reason')
  withConnectOptions(command).action((prompt: string | undefined, options: Options) => quote(context, prompt, options))
}

async function quote(context: CliContext, prompt: string | undefined, options: Options): Promise<void> {
  const { out } = context
  const client = await connect(context, options)
  const answer = await requestQuote(client, prompt, options, { sizes: options.inputs ?? [], mask: options.mask === true })
  if (options.json) return out.json(answer)
  for (const line of quoteLines(answer, out, options)) out.line(line)
  if (!answer.candidates.some((it) => it.eligible)) {
    throw new CliError('usage', 'No candidate would be chosen for this request.', {
      remedy: 'Read why with --all, then change the request.',
    })
  }
}

interface QuotedInputs {
  /** `WIDTHxHEIGHT` of each picture that would be sent. */
  readonly sizes: readonly string[]
  readonly mask: boolean
}

/** Ask for a quote. Without a prompt, one of average length stands in. */
export function requestQuote(
  client: Client,
  prompt: string | undefined,
  options: ImageOptions,
  inputs: QuotedInputs,
): Promise<QuoteResponse> {
  const edit = inputs.sizes.length > 0
  return client.call('quote', {
    body: {
      prompt: prompt ?? STAND_IN_PROMPT,
      ...imageFields(options),
      ...(edit ? { operation: 'edit', inputs: inputs.sizes.map(parsePixels), mask: inputs.mask } : {}),
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
  const { candidates, eliminated } = answer
  const expected = alignDecimals(candidates.map((it) => usd(it.expected_usd)))
  const most = alignDecimals(candidates.map((it) => (it.max_usd === null ? 'no bound' : usd(it.max_usd))))
  const first = candidates.findIndex((it) => it.eligible)
  const table = renderTable(
    [
      { header: 'OFFER', shrinkTo: 16, style: (offer) => (offer === candidates[first]?.offer ? 'green' : undefined) },
      { header: 'SIZE' },
      { header: 'QUALITY' },
      { header: 'EXPECTED', align: 'right' },
      { header: 'AT MOST', align: 'right' },
      { header: 'WHY', shrinkTo: 8 },
    ],
    candidates.map((it, index) => ({
      cells: [it.offer, it.size, it.quality ?? '-', expected[index] ?? '', most[index] ?? '', whyText(it, index === first)],
      notes: [
        ...it.spread.map(plain),
        ...(lines ? it.lines.map((line) => `${usd(line.amount_usd)}  ${plain(line.description)}`) : []),
      ],
    })),
    out,
  )
  const counts: Record<string, number> = {}
  for (const { reason } of eliminated) counts[reason] = (counts[reason] ?? 0) + 1
  return [
    `${out.paint('bold', 'Quote')} for ${plural(answer.n, 'image')}, route ${answer.route}${candidates.some((it) => it.sandbox) ? ' (sandbox prices)' : ''}`,
    '',
    ...(candidates.length === 0 ? ['No offer can make this.'] : table),
    ...eliminationLines({ eliminated_counts: counts, eliminated }, out, all),
    out.paint('dim', `Price book ${answer.price_book}`),
  ]
}

function whyText({ eligible }: CandidateQuote, isFirst: boolean): string {
  if (!eligible) return 'not routed'
  return isFirst ? '1st choice' : 'fallback'
}
