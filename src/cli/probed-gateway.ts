/** A gateway that is reached over HTTP, as probes ask it. */
import { PROBE_EDGE, type ProbedGateway, probeRequest } from '../contract/probe-plan.ts'
import { probeImage } from '../net/probe-image.ts'
import type { Client } from './client.ts'
import { CliError } from './exit.ts'

const paths = {
  generate: 'createImage',
  edit: 'editImage',
  variation: 'createVariation',
  upscale: 'upscaleImage',
  remove_background: 'removeBackground',
} as const

export const probedGateway = (client: Client): ProbedGateway => ({
  models: async () => (await client.call('listModels')).data,
  quote: (body) => client.call('quote', { body }),
  record: (id) => client.call('getRequest', { path: { id } }),
  async make(probe) {
    const { body, headers } = probeRequest(probe)
    const picture = probe.operation === 'generate' ? {} : { images: [{ image_url: dataUrl() }] }
    try {
      const { halftone } = await client.call(paths[probe.operation], { body: { ...body, ...picture }, headers })
      if (!halftone) throw new CliError('failure', 'The gateway answered without its halftone object.')
      const { request_id: requestId, cost_usd: costUsd, cost_status: costStatus, offer, warnings } = halftone
      return { kind: 'made', requestId, costUsd, costStatus, offer, warnings }
    } catch (error) {
      if (!(error instanceof CliError) || error.exit === 'noGateway' || error.exit === 'interrupted') throw error
      const { code = 'error', message, requestId = null } = error
      return { kind: 'failed', code, message, requestId }
    }
  },
})

const dataUrl = (): string => `data:image/png;base64,${probeImage(PROBE_EDGE).toString('base64')}`
