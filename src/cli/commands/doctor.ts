import type { Command } from 'commander'
import type { Config } from '../../config/index.ts'
import { keyRemedy } from '../../core/provider-exam.ts'
import { type ConnectOptions, configFlags, connect, withConnectOptions } from '../connect.ts'
import type { CliContext } from '../context.ts'
import { checkAlerts } from '../doctor/alerts.ts'
import { type Finding, findingLines, verdict } from '../doctor/finding.ts'
import { checkGateway } from '../doctor/gateway.ts'
import { checkImages } from '../doctor/images.ts'
import { checkCaps, checkData, checkLedger, checkPrices, checkRuntime } from '../doctor/local.ts'
import { checkProvider, checkVerifications } from '../doctor/provider.ts'
import { CliError } from '../exit.ts'

interface Options extends ConnectOptions {
  readonly provider?: string
}

export function define(command: Command, context: CliContext): void {
  command.option('--provider <name>', 'only this provider: what it lacks, what it offers, when it was verified')
  withConnectOptions(command).action((options: Options) => doctor(context, options))
}

async function doctor(context: CliContext, options: Options): Promise<void> {
  const { out } = context
  const findings = await examine(context, options)
  const wrong = findings.filter((it) => it.level === 'wrong').length
  if (options.json) out.json({ object: 'diagnosis', wrong, findings })
  else for (const line of ['', ...findingLines(findings, out), '', verdict(findings)]) out.line(line)
  // The findings are the message.
  if (wrong > 0) throw new CliError('failure', '')
}

async function examine(context: CliContext, options: Options): Promise<Finding[]> {
  const runtime = checkRuntime(process.versions.node)
  const configuration = await checkConfiguration(context, options)
  const { config } = configuration
  // With a broken configuration nothing below could be trusted to be what the gateway will use.
  if (config === undefined) return [runtime, ...configuration.findings]
  const prices = await checkPrices(config, context.nowMs())
  // Providers are built on the prices: without them nothing can be tested.
  const usable = prices.every(({ level }) => level !== 'wrong')
  if (options.provider !== undefined)
    return [...configuration.findings, ...(await checkProvider(config, options.provider, context))]
  const client = await connect(context, options)
  const gateway = await checkGateway(client)
  return [
    runtime,
    ...configuration.findings,
    ...(await checkData(config)),
    ...(await checkImages(config)),
    ...(await checkLedger(config, gateway.runs)),
    ...gateway.findings,
    ...(gateway.probed || !usable ? [] : await checkProviders(config, context.signal)),
    ...(await checkVerifications(config)),
    ...prices,
    ...checkCaps(config),
    ...(await checkAlerts(config, gateway.probed ? client : undefined)),
  ]
}

interface Configuration {
  readonly config: Config | undefined
  readonly findings: readonly Finding[]
}

async function checkConfiguration({ env, cwd }: CliContext, options: ConnectOptions): Promise<Configuration> {
  const { ConfigError, formatProblem } = await import('../../config/index.ts')
  const { loadFullConfig } = await import('../../compose/offline.ts')
  const area = 'Configuration'
  try {
    const { config, file, warnings } = await loadFullConfig({ env, cwd, flags: configFlags(options) })
    const read: Finding = { level: 'ok', area, message: file ?? 'no file; defaults and environment only' }
    return { config, findings: [read, ...warnings.map((it): Finding => ({ level: 'notice', area, message: formatProblem(it) }))] }
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    return {
      config: undefined,
      findings: error.problems.map((it): Finding => ({ level: 'wrong', area, message: formatProblem(it) })),
    }
  }
}

/** Test the providers from here, when no gateway does it. Never spends. */
async function checkProviders(config: Config, signal: AbortSignal): Promise<Finding[]> {
  const { probeProviders } = await import('../../compose/offline.ts')
  const probes = await probeProviders(config, signal)
  if (probes.length === 0) {
    const message = 'none configured: the sandbox answers, draws pictures itself and spends nothing'
    return [{ level: 'ok', area: 'Providers', message }]
  }
  return probes.map(({ name, ok, message }) => ({
    level: ok ? 'ok' : 'wrong',
    area: 'Providers',
    message: `${name}: ${message}`,
    ...(ok ? {} : { remedy: keyRemedy(name) }),
  }))
}
