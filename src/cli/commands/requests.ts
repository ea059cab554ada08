import { type Command, InvalidArgumentError } from 'commander'
import type { AcceptanceWire } from '../../contract/feedback.ts'
import type { RequestSummaryWire } from '../../contract/records.ts'
import { type ConnectOptions, connect, withConnectOptions } from '../connect.ts'
import type { CliContext, Output } from '../context.ts'
import { alignDecimals, clip, duration, plain, shortId, shortTime, usd } from '../format.ts'
import { outcomeStyle, renderTable } from '../table.ts'

interface Options extends ConnectOptions {
  readonly limit: number
  readonly outcome?: string
  readonly project?: string
  readonly after?: string
}

export function define(command: Command, context: CliContext): void {
  command
    .option('--limit <count>', 'how many, at most 200', countUpTo(200), 20)
    .option('--outcome <outcome>', 'only these: succeeded, partial, refused, rejected, rate_limited, timeout, error, ...')
    .option('--project <id>', 'only this project')
    .option('--after <cursor>', 'continue a list where it ended')
  withConnectOptions(command).action((options: Options) => listRequests(context, options))
}

/** Parser of a whole number from 1 to `most`. */
export const countUpTo =
  (most: number) =>
  (text: string): number => {
    const count = Number(text)
    if (!/^\d+$/.test(text) || count < 1 || count > most)
      throw new InvalidArgumentError(`Write a whole number from 1 to ${most}.`)
    return count
  }

async function listRequests(context: CliContext, options: Options): Promise<void> {
  const { out } = context
  const client = await connect(context, options)
  const { limit, outcome, project: project_id, after: cursor } = options
  const page = await client.call('listRequests', { query: { limit, outcome, project_id, cursor } })
  if (options.json) return out.json(page)
  if (page.data.length === 0) return out.line('No requests.')
  for (const line of requestTable(page.data, out, context.nowMs())) out.line(line)
  if (page.data.some((request) => costText(request).startsWith('~')))
    out.line(out.paint('dim', '~ may still change: estimated, or an outcome is unknown'))
  const { acceptance } = page
  if (acceptance && acceptance.accepted + acceptance.rejected > 0) out.line(out.paint('dim', acceptanceText(acceptance)))
  if (page.next_cursor) out.note(out.paintNote('dim', `More: halftone requests --after ${page.next_cursor}`))
}

/** `This month: $0.06 per accepted picture; 75% of 4 pictures were rated`. */
function acceptanceText({ cost_per_accepted_usd: cost, coverage, images }: AcceptanceWire): string {
  const price = cost === null ? 'no picture was accepted' : `${usd(cost)} per accepted picture`
  return `This month: ${price}; ${Math.round(coverage * 100)}% of ${images} pictures were rated`
}

/** One row per request; a failure's message stands under it. */
export function requestTable(requests: readonly RequestSummaryWire[], out: Output, nowMs: number): string[] {
  const costs = alignDecimals(requests.map(costText))
  return renderTable(
    [
      { header: 'UTC' },
      { header: 'ID' },
      { header: 'RESULT', style: outcomeStyle },
      { header: 'OFFER', shrinkTo: 12 },
      { header: 'IMAGES', align: 'right' },
      { header: 'TOOK', align: 'right' },
      { header: 'COST', align: 'right' },
    ],
    requests.map((request, index) => ({
      cells: [
        shortTime(request.created_at, nowMs),
        shortId(request.id),
        request.outcome ?? 'running',
        request.offer ?? `(${plain(request.model)})`,
        `${request.images_returned}/${request.n}`,
        request.latency_ms === null ? '' : duration(request.latency_ms),
        costs[index] ?? '',
      ],
      notes: [...(request.error_message === null ? [] : [clip(plain(request.error_message), 2 * (out.width - 2))])],
    })),
    out,
  )
}

interface Cost {
  readonly cost_usd: string
  readonly cost_status: string
}

/** `~`: not the last word; `>`: still running. */
const costMark = ({ cost_status }: Cost): string => (cost_status === 'final' ? '' : cost_status === 'pending' ? '>' : '~')

/** The exact cost, marked where it is not the last word. */
export const costText = (cost: Cost): string =>
  cost.cost_status === 'unpriced' ? 'unpriced' : `${costMark(cost)}${usd(cost.cost_usd)}`
