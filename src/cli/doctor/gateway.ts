/** What the running gateway says of itself. */
import { keyRemedy } from '../../core/provider-exam.ts'
import type { Client } from '../client.ts'
import { CliError } from '../exit.ts'
import type { Finding } from './finding.ts'

export interface GatewayFindings {
  readonly findings: readonly Finding[]
  readonly runs: boolean
  /** The gateway tested its providers; undefined when it does not run or the key does not open it. */
  readonly probed: boolean
}

export async function checkGateway(client: Client): Promise<GatewayFindings> {
  const ready = await isReady(client)
  if (ready.kind === 'stopped') {
    const finding: Finding = {
      level: 'notice',
      area: 'Gateway',
      message: ready.message,
      remedy: 'Start it with `halftone serve`.',
    }
    return { findings: [finding], runs: false, probed: false }
  }
  try {
    const status = await client.call('status')
    const { data: probes } = await client.call('probeProviders')
    const providers = status.providers.map((provider): Finding => {
      const probe = probes.find((it) => it.name === provider.name)
      const unpriced = provider.unpriced === 0 ? '' : `, ${provider.unpriced} of them without a price and never chosen`
      const what = `${provider.name} (${provider.type}): ${provider.offers} offers${unpriced}`
      const message = probe === undefined ? what : `${what}; ${probe.message}`
      return probe?.ok === false
        ? { level: 'wrong', area: 'Providers', message, remedy: keyRemedy(provider.name) }
        : { level: 'ok', area: 'Providers', message }
    })
    const problems = status.problems.map(
      (message): Finding => ({
        level: 'wrong',
        area: 'Gateway',
        message,
        remedy: 'Mend it; the gateway notices by itself or at its next start.',
      }),
    )
    const notices = status.notices.map(
      (message): Finding => ({
        level: 'wrong',
        area: 'Gateway',
        message,
        remedy: '`halftone routes list` shows them all.',
      }),
    )
    const money = status.spends_money ? 'requests spend real money' : 'requests spend no money'
    const running: Finding = { level: 'ok', area: 'Gateway', message: `${client.url} runs version ${status.version}; ${money}` }
    return { findings: [running, ...problems, ...notices, ...providers], runs: true, probed: true }
  } catch (error) {
    if (!(error instanceof CliError) || error.exit !== 'auth') throw error
    const finding: Finding = {
      level: 'wrong',
      area: 'Gateway',
      message: `${client.url} runs, but the key does not open it: ${error.message}`,
      remedy: 'Give the admin key with --key or HALFTONE_KEY; `halftone keys reset-admin` makes a new one.',
    }
    return { findings: [finding], runs: true, probed: false }
  }
}

type Ready = { readonly kind: 'runs' } | { readonly kind: 'stopped'; readonly message: string }

/** Draining and misconfigured gateways answer 503 here, which is an answer all the same. */
async function isReady(client: Client): Promise<Ready> {
  try {
    await client.call('health')
    return { kind: 'runs' }
  } catch (error) {
    if (error instanceof CliError && error.exit === 'noGateway') return { kind: 'stopped', message: error.message }
    throw error
  }
}
