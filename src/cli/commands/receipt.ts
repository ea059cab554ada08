import type { Command } from 'commander'
import type { AttemptWire, Receipt } from '../../contract/records.ts'
import { type ConnectOptions, connect, withConnectOptions } from '../connect.ts'
import type { CliContext, Output } from '../context.ts'
import { alignDecimals, dateTime, duration, plain, plural, usd, wrap } from '../format.ts'
import { idHelp, selectRequest } from '../select-request.ts'
import { renderTable } from '../table.ts'

export function define(command: Command, context: CliContext): void {
  command.argument('<id>', idHelp)
  withConnectOptions(command).action((id: string, options: ConnectOptions) => showReceipt(context, id, options))
}

async function showReceipt(context: CliContext, typed: string, options: ConnectOptions): Promise<void> {
  const { out } = context
  const client = await connect(context, options)
  const id = await selectRequest(client, typed)
  const receipt = await client.call('getReceipt', { path: { id } })
  if (options.json) return out.json(receipt)
  for (const line of receiptLines(receipt, out)) out.line(line)
}

/** One line of the statement: text on the left, an exact amount on the right. */
interface StatementLine {
  readonly text: string
  readonly amount?: string
  readonly level: 'attempt' | 'charge' | 'total'
}

export function receiptLines(receipt: Receipt, out: Output): string[] {
  return [
    `${out.paint('bold', 'Receipt')} ${receipt.request_id}`,
    out.paint(
      'dim',
      [
        `${dateTime(receipt.created_at)} UTC`,
        plural(receipt.images_returned, 'image'),
        statusText(receipt),
        ...(receipt.sandbox ? ['sandbox: no real money'] : []),
      ].join(', '),
    ),
    ...(receipt.quote
      ? [out.paint('dim', `held to ${usd(receipt.quote.max_usd)} by its quote`), out.paint('dim', receipt.quote.id)]
      : []),
    ...(receipt.record_deleted_at === null
      ? []
      : [
          out.paint(
            'dim',
            `record deleted after its time, ${dateTime(receipt.record_deleted_at)} UTC: the charges are what is left`,
          ),
        ]),
    '',
    ...statement([...receipt.attempts.flatMap(attemptLines), ...totals(receipt)], out),
    ...savings(receipt, out),
    ...consistency(receipt, out),
    ...alternatives(receipt, out),
  ]
}

function attemptLines(attempt: AttemptWire): StatementLine[] {
  const result = attempt.outcome ?? attempt.state
  const facts = [
    `${attempt.images_made}/${plural(attempt.images_wanted, 'image')}`,
    ...(attempt.duration_ms === null ? [] : [duration(attempt.duration_ms)]),
  ]
  const head = `${attempt.sequence}. ${attempt.offer}, ${attempt.kind}: ${result}, ${facts.join(', ')}`
  const failure = attempt.error_message === null ? [] : [{ text: plain(attempt.error_message), level: 'charge' as const }]
  const charges = attempt.charges.map((charge): StatementLine => {
    const origin =
      charge.provenance === 'estimated' || charge.kind !== 'usage' ? ` (${[charge.kind, charge.provenance].join(', ')})` : ''
    return { text: `${plain(charge.description)}${origin}`, amount: usd(charge.amount_usd), level: 'charge' }
  })
  const none: StatementLine = { text: noChargeText(attempt), level: 'charge' }
  const findings = findingsOf(attempt).map((text): StatementLine => ({ text: `Finding: ${plain(text)}`, level: 'charge' }))
  return [{ text: head, level: 'attempt' }, ...failure, ...(charges.length === 0 ? [none] : charges), ...findings]
}

/** What settling found, as the attempt's events keep it. */
const findingsOf = ({ events }: AttemptWire): string[] =>
  events.flatMap(({ data }) => {
    const found = data['findings']
    return Array.isArray(found) ? found.filter((each) => typeof each === 'string') : []
  })

function noChargeText({ state, held_usd }: AttemptWire): string {
  if (state === 'dispatched' || state === 'intent') return `not settled yet; ${usd(held_usd)} is held`
  return 'nothing was billed'
}

const totals = (receipt: Receipt): StatementLine[] => [
  { text: 'Total', amount: usd(receipt.total_usd), level: 'total' },
  ...(receipt.cost_per_image_usd === null || receipt.images_returned < 2
    ? []
    : [{ text: 'Per image', amount: usd(receipt.cost_per_image_usd), level: 'total' as const }]),
]

/** Lines with the decimal points of all amounts in one column. */
function statement(lines: readonly StatementLine[], out: Output): string[] {
  const aligned = alignDecimals(lines.map(({ amount }) => amount ?? ''))
  const amountWidth = Math.max(0, ...aligned.map((it) => it.length))
  return lines.flatMap(({ text, level, amount }, index) => {
    const indent = level === 'charge' ? '   ' : ''
    const room = out.width - amountWidth - 2 - indent.length
    const [first = '', ...rest] = wrap(text, amount === undefined ? out.width - indent.length : room)
    const right = amount === undefined ? '' : `  ${(aligned[index] ?? '').padStart(amountWidth)}`
    const left = level === 'total' ? first.padStart(room) : `${indent}${first.padEnd(room)}`
    const line = `${amount === undefined ? `${indent}${first}` : left}${right}`.trimEnd()
    const rule = level === 'total' && lines[index - 1]?.level !== 'total' ? [' '.repeat(room + 2) + '─'.repeat(amountWidth)] : []
    return [
      ...(level === 'attempt' && index > 0 ? [''] : []),
      ...rule,
      level === 'charge' ? line : out.paint('bold', line),
      ...rest.map((it) => `${indent}${it}`),
    ]
  })
}

function statusText({ cost_status }: Receipt): string {
  const texts: Readonly<Record<Receipt['cost_status'], string>> = {
    final: 'final cost',
    estimated: 'estimated: the provider reported no usage',
    unknown: 'not certain: an attempt may have been billed',
    unpriced: 'no known price',
    pending: 'still running',
  }
  return texts[cost_status]
}

/** Never without the baseline's name: a saving is only as honest as what it is measured against. */
function savings({ baseline }: Receipt, out: Output): string[] {
  if (!baseline) return []
  const { name, offer, quality, expected_usd, saved_usd } = baseline
  const isDearer = saved_usd.startsWith('-')
  const difference = isDearer ? `${usd(saved_usd.slice(1))} more than` : `${usd(saved_usd)} saved against`
  const text = `${difference} the baseline ${name}: ${usd(expected_usd)} expected on ${offer}${quality === null ? '' : `, ${quality}`}`
  return ['', ...wrap(text, out.width).map((line) => out.paint(isDearer ? 'yellow' : 'green', line))]
}

/** What staying with the look of a group, or of the picture that was edited, cost. */
function consistency({ consistency: held }: Receipt, out: Output): string[] {
  if (!held) return []
  const what = held.because === 'group' ? `Group ${plain(held.group ?? '')}` : 'An edit of a picture made here'
  const how = {
    first: 'the first of it, which chose',
    followed: `stayed at ${held.offer ?? ''}`,
    switched: `could not stay at ${held.offer ?? ''}`,
  }[held.role]
  const cost =
    held.cost_usd === '0' ? 'at no extra cost' : `${usd(held.cost_usd)} above the cheapest, ${held.cheapest_offer ?? ''}`
  return ['', ...wrap(`${what}: ${how}, ${cost}`, out.width)]
}

function alternatives({ alternatives: others }: Receipt, out: Output): string[] {
  if (others.length === 0) return []
  const amounts = alignDecimals(others.map((it) => usd(it.expected_usd)))
  return [
    '',
    out.paint('bold', 'What the others were expected to cost'),
    ...renderTable(
      [{ header: 'OFFER', shrinkTo: 20 }, { header: 'QUALITY' }, { header: 'EXPECTED', align: 'right' }],
      others.map((it, index) => ({ cells: [it.offer, it.quality ?? '-', amounts[index] ?? ''] })),
      out,
    ),
  ]
}
