import { createReadStream } from 'node:fs'
import { resolve } from 'node:path'
import { createInterface } from 'node:readline'
import { type Command, InvalidArgumentError } from 'commander'
import type { RequestSummaryWire } from '../../contract/records.ts'
import { HalftoneError } from '../../core/error.ts'
import type { JsonObject } from '../../core/json.ts'
import { type PriceChange, type ReplayResult, type ReplaySum, replayTrace } from '../../core/simulation/replay.ts'
import { parseTraceLine, type TraceRow } from '../../core/simulation/trace.ts'
import { type ConnectOptions, configFlags, connect, withConnectOptions } from '../connect.ts'
import type { CliContext, Output } from '../context.ts'
import { CliError } from '../exit.ts'
import { plural, usd } from '../format.ts'
import { gpuJson, gpuLines, gpusOf, type RentedModel, replayerOf } from '../gpus.ts'
import { renderPairs, renderTable } from '../table.ts'

interface Options extends ConnectOptions {
  readonly trace: string
  readonly policy?: string
  readonly route: string
  readonly from?: number
  readonly to?: number
  readonly priceChange: readonly PriceChange[]
  readonly gpus?: RentedModel
  readonly mostGpus: number
  readonly gpuStart: number
}

export function define(command: Command, context: CliContext): void {
  command
    .requiredOption('--trace <file>', 'a trace of JSON lines, or `ledger` for the requests of a running gateway')
    .option('--policy <file>', 'configuration file with the routes to try (default: the current one)')
    .option('--route <name>', 'the route (of the file or made by API), model or offer that serves every request', 'auto')
    .option('--from <time>', 'only requests from this date or time on, UTC', instant)
    .option('--to <time>', 'only requests before this date or time, UTC', instant)
    .option(
      '--price-change <model=factor@date>',
      'a model costs so many times its price from a date on; may be repeated',
      priceChange,
      [],
    )
    .option(
      '--gpus <model=usd/pictures>',
      'rent GPUs for a model or offer: USD per hour, and pictures that one makes in it',
      gpusOf,
    )
    .option('--most-gpus <count>', 'GPUs that can be had at once', countFrom1, 8)
    .option('--gpu-start <seconds>', 'from the start of a GPU to its first picture', seconds, 120)
  withConnectOptions(command).action((options: Options) => simulate(context, options))
}

function instant(text: string): number {
  const ms = Date.parse(text)
  if (Number.isNaN(ms)) throw new InvalidArgumentError('Write a date such as 2026-06-01, or a date and time.')
  return ms * 1_000
}

function countFrom1(text: string): number {
  const count = Number(text)
  if (!Number.isInteger(count) || count < 1 || count > 1_000)
    throw new InvalidArgumentError('Write a whole number from 1 to 1000.')
  return count
}

function seconds(text: string): number {
  const value = Number(text)
  if (text.trim() === '' || !(value >= 0 && value <= 3_600)) throw new InvalidArgumentError('Write seconds, up to 3600.')
  return value
}

function priceChange(text: string, before: readonly PriceChange[]): readonly PriceChange[] {
  const match = /^(.+)=(\d+(?:\.\d+)?)(?:@(.+))?$/.exec(text)
  const [, model, factor, date] = match ?? []
  if (model === undefined || factor === undefined)
    throw new InvalidArgumentError('Write it as openai/gpt-image-2=1.2@2026-06-15.')
  return [...before, { model, factor: Number(factor), fromUs: date === undefined ? 0 : instant(date) }]
}

async function simulate(context: CliContext, options: Options): Promise<void> {
  const { env, cwd, out } = context
  const { loadFullConfig, routingBasis, storedRoute } = await import('../../compose/offline.ts')
  const flags = { ...configFlags(options), ...(options.policy !== undefined && { config: options.policy }) }
  const { config } = await loadFullConfig({ env, cwd, flags })
  const basis = await routingBasis(
    config,
    options.route,
    async (name) => (await routeOfGateway(context, options, name)) ?? (await storedRoute(config, name)),
  )
  const all = options.trace === 'ledger' ? await ledgerRows(context, options) : await fileRows(resolve(cwd, options.trace))
  const { from = Number.NEGATIVE_INFINITY, to = Number.POSITIVE_INFINITY } = options
  const rows = all.filter(({ atUs }) => atUs >= from && atUs < to).sort((a, b) => a.atUs - b.atUs)
  if (rows.length === 0)
    throw new CliError('usage', 'The trace has no requests in this time.', { remedy: 'Check --trace, --from and --to.' })
  const rented = options.gpus && replayerOf({ ...options, gpus: options.gpus }, basis.snapshot.offers, rows)
  const result = replayTrace(rows, { ...basis, changes: options.priceChange }, rented?.add)
  const gpus = rented?.result()
  if (options.json) return out.json({ ...resultJson(result), ...(gpus && { gpus: gpuJson(gpus) }) })
  for (const line of resultLines(result, options.route, out)) out.line(line)
  for (const line of gpus ? gpuLines(gpus, out) : []) out.line(line)
}

/** A route made by API, as the running gateway has it; undefined where none runs or it has no such route. */
async function routeOfGateway(context: CliContext, options: Options, name: string): Promise<JsonObject | undefined> {
  try {
    const client = await connect(context, options)
    // The contract's JSON is ours.
    return (await client.call('getRoute', { path: { route: name } })).document as JsonObject
  } catch (error) {
    if (error instanceof CliError && (error.exit === 'noGateway' || error.exit === 'auth' || error.exit === 'usage'))
      return undefined
    throw error
  }
}

async function fileRows(path: string): Promise<TraceRow[]> {
  const rows: TraceRow[] = []
  let line = 0
  try {
    for await (const text of createInterface({ input: createReadStream(path, 'utf8'), crlfDelay: Number.POSITIVE_INFINITY })) {
      line += 1
      if (text.trim() !== '') rows.push(parseTraceLine(text, line))
    }
  } catch (cause) {
    if (cause instanceof HalftoneError)
      throw new CliError('usage', cause.message, { cause, remedy: 'See docs/guide/simulate.md for the format.' })
    throw new CliError('usage', `The trace ${path} cannot be read.`, { cause, remedy: 'Check the path.' })
  }
  return rows
}

const PAGE = 200

/** Finished requests of the gateway, newest first; reading stops where `--from` is passed. */
async function ledgerRows(context: CliContext, options: Options): Promise<TraceRow[]> {
  const client = await connect(context, options)
  const rows: TraceRow[] = []
  let cursor: string | undefined
  do {
    const page = await client.call('listRequests', { query: { limit: PAGE, cursor } })
    rows.push(...page.data.filter(({ finished_at }) => finished_at !== null).map(rowOf))
    cursor = page.next_cursor ?? undefined
    const oldest = page.data.at(-1)
    if (oldest && Date.parse(oldest.created_at) * 1_000 < (options.from ?? Number.NEGATIVE_INFINITY)) break
  } while (cursor !== undefined)
  return rows
}

function rowOf(request: RequestSummaryWire): TraceRow {
  const [image] = request.images
  const { offer, prompt, latency_ms: latencyMs, outcome } = request
  return {
    id: request.id,
    atUs: Date.parse(request.created_at) * 1_000,
    model: request.model,
    operation: request.operation,
    n: request.n,
    inputs: 0,
    outcome: outcome === 'succeeded' || outcome === 'partial' ? 'succeeded' : outcome === 'refused' ? 'refused' : 'failed',
    costNanoUsd: nanoOf(request.cost_usd),
    ...(image && { size: { width: image.width, height: image.height } }),
    ...(prompt !== null && prompt !== '' && { prompt }),
    ...(offer !== null && { offer }),
    ...(latencyMs !== null && { latencyMs }),
  }
}

const nanoOf = (text: string): bigint =>
  parseTraceLine(JSON.stringify({ at: '1970-01-01', model: '-', cost_usd: text }), 1).costNanoUsd

const usdText = (nano: number): string => (nano / 1e9).toFixed(6)
const change = ({ costNanoUsd: before }: ReplaySum, { costNanoUsd: after }: ReplaySum): number | null =>
  before === 0 ? null : Math.round((after / before - 1) * 1e4) / 1e4

function resultJson({
  recorded,
  simulated,
  recordedOfServed,
  recordedByModel,
  simulatedByOffer,
  unserved,
  expectedLate,
  easy,
}: ReplayResult) {
  const sum = ({ requests, pictures, costNanoUsd }: ReplaySum) => ({ requests, images: pictures, cost_usd: usdText(costNanoUsd) })
  const sums = (all: ReadonlyMap<string, ReplaySum>) => [...all].map(([name, each]) => ({ name, ...sum(each) }))
  return {
    object: 'simulation',
    recorded: sum(recorded),
    recorded_of_served: sum(recordedOfServed),
    simulated: sum(simulated),
    change: change(recordedOfServed, simulated),
    recorded_by_model: sums(recordedByModel),
    simulated_by_offer: sums(simulatedByOffer),
    unserved: Object.fromEntries(unserved),
    expected_late: Math.round(expectedLate * 100) / 100,
    easy,
  }
}

function resultLines(result: ReplayResult, route: string, out: Output): string[] {
  const { recorded, simulated, recordedOfServed, recordedByModel, simulatedByOffer, unserved, expectedLate, easy } = result
  const relative = change(recordedOfServed, simulated)
  const pairs: (readonly [string, string])[] = [
    [
      'Trace',
      `${plural(recorded.requests, 'request')}, ${plural(recorded.pictures, 'picture')}, ${usd(usdText(recorded.costNanoUsd))}`,
    ],
    [
      `With ${route}`,
      `${usd(usdText(simulated.costNanoUsd))} expected${relative === null ? '' : ` (${relative > 0 ? '+' : ''}${(100 * relative).toFixed(1)} %)`}`,
    ],
    ['Not served', [...unserved].map(([reason, count]) => `${count} (${reason})`).join(', ') || 'none'],
    ['Late', `${expectedLate.toFixed(1)} expected`],
    ...(easy === 0 ? [] : [['Easy prompts', `${plural(easy, 'request')} under the lower floor`] as const]),
  ]
  const table = (title: string, all: ReadonlyMap<string, ReplaySum>): string[] => [
    '',
    ...renderTable(
      [{ header: title }, { header: 'pictures', align: 'right' }, { header: 'cost', align: 'right' }],
      [...all]
        .sort((a, b) => b[1].costNanoUsd - a[1].costNanoUsd)
        .map(([name, each]) => ({ cells: [name, String(each.pictures), usd(usdText(each.costNanoUsd))] })),
      out,
    ),
  ]
  return [
    ...renderPairs(pairs, out),
    ...table('now, by model', recordedByModel),
    ...table(`with ${route}, by offer`, simulatedByOffer),
  ]
}
