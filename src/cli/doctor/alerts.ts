/** Whether anybody is told when something goes wrong, and whether it arrives. */
import type { Config } from '../../config/index.ts'
import type { Client } from '../client.ts'
import type { Finding } from './finding.ts'

const area = 'Alerts'

/** `client` of a gateway that runs and lets us in; undefined: only the configuration can be looked at. */
export async function checkAlerts({ alerts, providers }: Config, client: Client | undefined): Promise<Finding[]> {
  const configured = [...alerts.webhooks, ...alerts.slack, ...alerts.email].map(({ name }) => name)
  if (configured.length === 0) return [silent(Object.values(providers).some((provider) => !provider.disabled))]
  const listed = client ? (await client.call('listAlertChannels')).data : []
  const failing = listed.flatMap(({ name, target, last_failure: failure }): Finding[] =>
    failure
      ? [
          {
            level: 'wrong',
            area,
            message: `${name} (${target}): ${failure.message}`,
            remedy: `Mend it, then \`halftone alerts test ${name}\`.`,
          },
        ]
      : [],
  )
  return [{ level: 'ok', area, message: `told of what goes wrong: ${configured.join(', ')}` }, ...failing]
}

const silent = (spends: boolean): Finding =>
  spends
    ? { level: 'notice', area, message: 'nobody is told when something goes wrong', remedy: 'Add alerts to halftone.yaml.' }
    : { level: 'ok', area, message: 'none needed: only the sandbox answers' }
