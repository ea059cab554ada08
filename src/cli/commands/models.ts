import type { Command } from 'commander'
import type { ModelWire } from '../../contract/admin.ts'
import { type ConnectOptions, connect, withConnectOptions } from '../connect.ts'
import type { CliContext, Output } from '../context.ts'
import { CliError } from '../exit.ts'
import { factPairs, factTable } from '../facts.ts'
import { renderPairs, renderTable } from '../table.ts'

interface Options extends ConnectOptions {
  readonly kind?: string
  readonly operation?: string
  readonly provider?: string
  readonly facts?: boolean
}

export function define(command: Command, context: CliContext): void {
  command
    .argument('[filter]', 'only ids that contain this; one match, or the exact id, is shown in full')
    .option('--kind <kind>', 'only these: route, model, offer or alias')
    .option('--operation <operation>', 'only those that can: generate, edit, variation, upscale or remove_background')
    .option('--provider <name>', 'only offers of this configured provider')
    .option('--facts', 'show what is known of offers: region, retention, training, licence, watermark')
  withConnectOptions(command).action((filter: string | undefined, options: Options) => listModels(context, filter, options))
}

async function listModels(context: CliContext, filter: string | undefined, options: Options): Promise<void> {
  const { out } = context
  const client = await connect(context, options)
  const { data } = await client.call('listModels')
  const { kind, operation, provider } = options
  const wanted = data.filter(
    (model) =>
      (filter === undefined || model.id.toLowerCase().includes(filter.toLowerCase())) &&
      (kind === undefined || model.halftone?.kind === kind) &&
      (provider === undefined || model.halftone?.provider === provider) &&
      (operation === undefined || model.halftone?.operations.includes(operation)),
  )
  if (options.json) return out.json({ object: 'list', data: wanted })
  if (wanted.length === 0)
    throw new CliError('usage', 'No model matches.', { remedy: 'Run `halftone models` for the whole list.' })
  if (options.facts) {
    for (const line of factTable(wanted, out)) out.line(line)
    return
  }
  const exact =
    wanted.find((model) => model.id === filter) ?? (wanted.length === 1 && filter !== undefined ? wanted[0] : undefined)
  for (const line of exact === undefined ? modelTable(wanted, out) : modelDetails(exact, out)) out.line(line)
}

const kindOrder = ['route', 'alias', 'model', 'offer', undefined] as const

export function modelTable(models: readonly ModelWire[], out: Output): string[] {
  const sorted = [...models].sort(
    (left, right) =>
      kindOrder.indexOf(left.halftone?.kind) - kindOrder.indexOf(right.halftone?.kind) || left.id.localeCompare(right.id, 'en'),
  )
  return renderTable(
    [{ header: 'ID', shrinkTo: 20 }, { header: 'KIND' }, { header: 'DOES', shrinkTo: 9 }, { header: 'PRICE', shrinkTo: 16 }],
    sorted.map(({ id, halftone }) => ({
      cells: [
        id,
        halftone?.kind ?? '-',
        halftone?.operations.join(', ') ?? '-',
        halftone === undefined ? '-' : halftone.priced ? halftone.price : 'unpriced: never chosen',
      ],
    })),
    out,
  )
}

export function modelDetails({ id, owned_by, halftone }: ModelWire, out: Output): string[] {
  if (halftone === undefined)
    return renderPairs(
      [
        ['Id', id],
        ['Owner', owned_by],
      ],
      out,
    )
  const list = (items: readonly string[]) => (items.length === 0 ? 'none' : items.join(', '))
  return renderPairs(
    [
      ['Id', id],
      ['Kind', halftone.sandbox ? `${halftone.kind}, sandbox: spends no money` : halftone.kind],
      ...(halftone.provider === null ? [] : [['Provider', halftone.provider] as const]),
      ...(halftone.publisher_model === null ? [] : [['Model', halftone.publisher_model] as const]),
      ['Does', list(halftone.operations)],
      ['Sizes', halftone.sizes],
      ['Qualities', list(halftone.qualities)],
      ['Formats', list(halftone.formats)],
      ['Images per call', String(halftone.max_n)],
      ['Input images', `${halftone.max_inputs}${halftone.mask ? ', and a mask' : ''}`],
      ...(halftone.controls.length === 0 ? [] : [['Control images', list(halftone.controls)] as const]),
      ...(halftone.upscale.length === 0
        ? []
        : [['Enlarges', halftone.upscale.map((factor) => `${factor}x`).join(', ')] as const]),
      ['Streaming', halftone.streaming ? 'yes' : 'final image only'],
      ['Parameters', list(halftone.parameters)],
      ['Price', halftone.priced ? halftone.price : 'unknown: it is never chosen until providers.<name>.prices names one'],
      ...(halftone.assumed ? [['Wire format', 'nobody confirmed it: chosen only when it is named'] as const] : []),
      ...(halftone.retired_at === null ? [] : [['Retired', halftone.retired_at] as const]),
      ...(halftone.facts === undefined ? [] : factPairs(halftone.facts)),
    ],
    out,
  )
}
