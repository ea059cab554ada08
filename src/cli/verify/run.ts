/** Buy a probe through the gateway, and compare what came with what codec and price book said. */
import type { AttemptWire } from '../../contract/records.ts'
import { parseUsd } from '../../core/money.ts'
import type { Client } from '../client.ts'
import { CliError } from '../exit.ts'
import { PROBE_PROMPT, type Probe } from './plan.ts'
import { probeImage } from './probe-image.ts'

export interface ProbeResult {
  readonly offer: string
  readonly requestId: string | null
  readonly costUsd: string
  readonly costStatus: string
  /** As the ledger has it: `1024x1024`; null without a picture. */
  readonly size: string | null
  /** What differs from what was said beforehand; empty: all as said. */
  readonly departures: readonly string[]
}

const paths = {
  generate: 'createImage',
  edit: 'editImage',
  variation: 'createVariation',
  upscale: 'upscaleImage',
  remove_background: 'removeBackground',
} as const

/** Never rejects for what the provider does; rejects when the gateway is gone or the command was interrupted. */
export async function runProbe(client: Client, probe: Probe): Promise<ProbeResult> {
  const picture = probe.operation === 'generate' ? {} : { images: [{ image_url: dataUrl() }] }
  const prompt = probe.operation === 'generate' || probe.operation === 'edit' ? { prompt: PROBE_PROMPT } : {}
  try {
    const { halftone } = await client.call(paths[probe.operation], {
      body: { model: probe.offer, ...prompt, ...probe.settings, ...picture, response_format: 'url' },
      headers: { 'x-halftone-max-cost-usd': probe.maxUsd, 'x-halftone-group': 'verify' },
    })
    if (!halftone) throw new CliError('failure', 'The gateway answered without its halftone object.')
    return compare(client, probe, halftone)
  } catch (error) {
    if (!(error instanceof CliError) || error.exit === 'noGateway' || error.exit === 'interrupted') throw error
    const { code = 'error', message, requestId = null } = error
    const spent =
      requestId === null ? undefined : await client.call('getRequest', { path: { id: requestId } }).catch(() => undefined)
    return {
      offer: probe.offer,
      requestId,
      costUsd: spent?.cost_usd ?? '0',
      costStatus: spent?.cost_status ?? 'final',
      size: null,
      departures: [`${code}: ${message}`],
    }
  }
}

const dataUrl = (): string => `data:image/png;base64,${probeImage().toString('base64')}`

interface Answered {
  readonly request_id: string
  readonly cost_usd: string | null
  readonly cost_status: string
  readonly offer: string | null
  readonly warnings: readonly { readonly code: string; readonly message: string }[]
}

async function compare(client: Client, probe: Probe, answered: Answered): Promise<ProbeResult> {
  const record = await client.call('getRequest', { path: { id: answered.request_id } })
  const [image] = record.images
  const size = image ? `${image.width}x${image.height}` : null
  const attempt = record.attempt_rows.findLast(({ offer }) => offer === probe.offer)
  return {
    offer: probe.offer,
    requestId: answered.request_id,
    costUsd: answered.cost_usd ?? '0',
    costStatus: answered.cost_status,
    size,
    departures: [
      ...(answered.offer === probe.offer ? [] : [`${answered.offer} made the picture`]),
      ...(size === probe.size || isVector(image) ? [] : [`the picture is ${size ?? 'not stored'}, ${probe.size} was said`]),
      ...costDepartures(probe, answered),
      ...(attempt ? findingsOf(attempt) : ['the ledger has no attempt of it']),
      ...answered.warnings.filter(({ code }) => tellingWarnings.has(code)).map(({ message }) => message),
    ],
  }
}

/** Drawings without pixels of their own. */
const isVector = (image: { readonly media_type: string } | undefined): boolean => image?.media_type === 'image/svg+xml'

function costDepartures(probe: Probe, { cost_usd, cost_status }: Answered): readonly string[] {
  if (cost_usd === null) return ['the cost is not known']
  const above = parseUsd(cost_usd) > parseUsd(probe.maxUsd) ? [`it cost $${cost_usd}, at most $${probe.maxUsd} was said`] : []
  return cost_status === 'final' ? above : [...above, `the cost is ${cost_status}, not final`]
}

/** What settling the call noticed: another price than the book's, usage without a meter, no usage at all. */
function findingsOf({ events }: AttemptWire): readonly string[] {
  return events.flatMap(({ data }) => {
    const { findings } = data
    return Array.isArray(findings) ? findings.map(String) : []
  })
}

/** Warnings that say the answer was not what the codec expects. The others are the request's own affair. */
const tellingWarnings: ReadonlySet<string> = new Set(['usage_unrecognized', 'format_differs', 'cost_above_hold'])
