import type { Command } from 'commander'
import { rememberResults } from '../../config/verifications.ts'
import { maximumOf, type Probe, planProbes, type Skipped, type VerifyPlan } from '../../contract/probe-plan.ts'
import { type ProbeResult, runProbe } from '../../contract/probe-run.ts'
import { planWire, resultWire } from '../../contract/providers.ts'
import { formatUsd, parseUsd } from '../../core/money.ts'
import { type Client, createClient } from '../client.ts'
import { confirm } from '../confirm.ts'
import { type ConnectOptions, configFlags, connect, readAdminKey, withConnectOptions } from '../connect.ts'
import type { CliContext, Output } from '../context.ts'
import { CliError } from '../exit.ts'
import { plural, usd } from '../format.ts'
import { probedGateway } from '../probed-gateway.ts'
import { renderTable } from '../table.ts'

interface Options extends ConnectOptions {
  readonly maxSpend: string
  readonly yes?: boolean
  readonly dryRun?: boolean
}

export function define(command: Command, context: CliContext): void {
  command
    .argument('[provider]', 'only offers of this configured provider')
    .option('--max-spend <usd>', 'most that all probes together may cost', '0.25')
    .option('--yes', 'do not ask before spending')
    .option('--dry-run', 'show what would be bought, and buy nothing')
  withConnectOptions(command).action((provider: string | undefined, options: Options) => verify(context, provider, options))
}

async function verify(context: CliContext, provider: string | undefined, options: Options): Promise<void> {
  const { out } = context
  const maxSpend = spendOf(options.maxSpend)
  const { client, close } = await reach(context, options)
  try {
    const plan = await planProbes(probedGateway(client), provider, maxSpend)
    if (plan.probes.length + plan.skipped.length === 0) throw noOffers(provider)
    if (!options.json) for (const line of planLines(plan, out)) out.line(line)
    if (options.dryRun) {
      if (options.json) out.json({ object: 'verification', dry_run: true, ...planWire(plan), results: [] })
      return
    }
    if (plan.probes.length === 0) throw new CliError('usage', 'Nothing can be verified.', { remedy: 'Raise --max-spend.' })
    await confirm(
      context,
      `Buy ${plural(plan.probes.length, 'picture')} for at most $${formatUsd(maximumOf(plan))}?`,
      options.yes,
    )
    const results = await buy(context, client, plan, options)
    if (options.json) out.json({ object: 'verification', dry_run: false, ...planWire(plan), results: results.map(resultWire) })
    else for (const line of resultLines(results, out)) out.line(line)
    const departed = results.filter(({ departures }) => departures.length > 0)
    // The table is the message.
    if (departed.length > 0) throw new CliError('failure', '')
  } finally {
    await close()
  }
}

function spendOf(text: string): bigint {
  const amount = /^\d{1,9}(\.\d{1,9})?$/.test(text) ? parseUsd(text) : 0n
  if (amount <= 0n) throw new CliError('usage', `--max-spend ${text} is not an amount.`, { remedy: 'Write USD such as 0.25.' })
  return amount
}

/** The running gateway; without one, a gateway of this process over the same data folder, so that the ledger has it all the same. */
async function reach(context: CliContext, options: Options): Promise<{ client: Client; close: () => Promise<void> }> {
  const client = await connect(context, options)
  try {
    await client.call('health')
    return { client, close: async () => undefined }
  } catch (error) {
    if (!(error instanceof CliError) || error.exit !== 'noGateway' || options.url !== undefined) throw error
  }
  const { startHalftone } = await import('../../compose.ts')
  const env = { HALFTONE_LOG_LEVEL: 'error', ...context.env }
  const own = await startHalftone({ env, cwd: context.cwd, flags: { ...configFlags(options), host: '127.0.0.1', port: '0' } })
  const key = await ownKey(context, options)
  return { client: createClient({ url: own.url, key, signal: context.signal }), close: () => own.close() }
}

/** The admin key that the gateway made or was given. */
async function ownKey(context: CliContext, options: Options): Promise<string | undefined> {
  if (options.key !== undefined) return options.key
  const { loadFullConfig } = await import('../../compose/offline.ts')
  const { config } = await loadFullConfig({ env: context.env, cwd: context.cwd, flags: configFlags(options) })
  return config.adminKey?.reveal() ?? readAdminKey(config.storage.dataDir)
}

/** One after the other: a probe that goes wrong must not be one of many. What was found is kept even if the next one is interrupted. */
async function buy(
  context: CliContext,
  client: Client,
  { probes }: VerifyPlan,
  options: Options,
): Promise<readonly ProbeResult[]> {
  const { loadFullConfig } = await import('../../compose/offline.ts')
  const { config } = await loadFullConfig({ env: context.env, cwd: context.cwd, flags: configFlags(options) })
  const results: ProbeResult[] = []
  for (const probe of probes) {
    context.out.note(`${probe.offer} ...`)
    const result = await runProbe(probedGateway(client), probe)
    results.push(result)
    await rememberResults(config.storage.dataDir, [result], new Date(context.nowMs()).toISOString())
  }
  return results
}

const noOffers = (provider: string | undefined): CliError =>
  new CliError(
    'usage',
    provider === undefined ? 'No real provider is configured.' : `No offer belongs to a provider named "${provider}".`,
    { remedy: '`halftone models --kind offer` lists what can be verified.' },
  )

function planLines(plan: VerifyPlan, out: Output): string[] {
  const rows = plan.probes.map((probe: Probe) => ({
    cells: [
      probe.offer,
      `${probe.operation} ${probe.size}${probe.quality ? ` ${probe.quality}` : ''}`,
      usd(probe.expectedUsd),
      usd(probe.maxUsd),
    ],
  }))
  const left = plan.skipped.map(({ offer, reason }: Skipped) => ({ cells: [offer, reason] }))
  return [
    ...(rows.length === 0
      ? []
      : renderTable(
          [
            { header: 'OFFER', shrinkTo: 20 },
            { header: 'PROBE', shrinkTo: 12 },
            { header: 'EXPECTED', align: 'right' },
            { header: 'AT MOST', align: 'right' },
          ],
          rows,
          out,
        )),
    ...(left.length === 0
      ? []
      : [
          '',
          ...renderTable(
            [
              { header: 'LEFT OUT', shrinkTo: 20 },
              { header: 'WHY', shrinkTo: 20 },
            ],
            left,
            out,
          ),
        ]),
    '',
  ]
}

function resultLines(results: readonly ProbeResult[], out: Output): string[] {
  const table = renderTable(
    [
      { header: 'OFFER', shrinkTo: 20 },
      { header: 'PICTURE', shrinkTo: 9 },
      { header: 'COST', align: 'right' },
      { header: 'RESULT', shrinkTo: 20, style: (cell) => (cell === 'as said' ? 'green' : 'red') },
    ],
    results.map(({ offer, size, costUsd, departures }) => ({
      cells: [offer, size ?? '-', usd(costUsd), departures.length === 0 ? 'as said' : departures.join('; ')],
    })),
    out,
  )
  const total = results.reduce((sum, { costUsd }) => sum + parseUsd(costUsd), 0n)
  const departed = results.filter(({ departures }) => departures.length > 0).length
  const verdict =
    departed === 0 ? 'all as codec and price book say' : `${plural(departed, 'departs', 'depart')} from codec or price book`
  return [...table, '', `${plural(results.length, 'offer')} verified for $${formatUsd(total)}: ${verdict}.`]
}
