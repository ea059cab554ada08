/** The rules of `alerts` that span keys, and the names of channels that were given none. */
import type { Findings } from './resolve-context.ts'
import type { AlertsSettings } from './schema-alerts.ts'
import { isPrivateHost } from './url.ts'

type WithName<T> = Omit<T, 'name'> & { readonly name: string }

export interface AlertsConfig extends Readonly<Omit<AlertsSettings, 'webhooks' | 'slack' | 'email'>> {
  readonly webhooks: readonly WithName<AlertsSettings['webhooks'][number]>[]
  readonly slack: readonly WithName<AlertsSettings['slack'][number]>[]
  readonly email: readonly WithName<AlertsSettings['email'][number]>[]
}

export function resolveAlerts(alerts: AlertsSettings, found: Findings): AlertsConfig {
  const taken = new Set<string>()
  const withNames = <T extends { readonly name?: string }>(
    list: 'webhooks' | 'slack' | 'email',
    channels: readonly T[],
  ): WithName<T>[] =>
    channels.map((channel, index) => {
      const { name = `${list === 'webhooks' ? 'webhook' : list}-${index + 1}`, ...rest } = channel
      if (taken.has(name)) found.problem(['alerts', list, index, 'name'], 'is used twice', 'Give each channel its own name.')
      taken.add(name)
      return { ...rest, name }
    })
  if (alerts.email.length > 0 && !alerts.smtp)
    found.problem(['alerts', 'email'], 'needs alerts.smtp', 'Say which server takes the mails: alerts.smtp.url.')
  checkSmtp(alerts.smtp, found)
  const { webhooks, slack, email, ...rest } = alerts
  return {
    ...rest,
    webhooks: withNames('webhooks', webhooks),
    slack: withNames('slack', slack),
    email: withNames('email', email),
  }
}

/** A password crosses no network in the clear, unless it is the operator's own. */
function checkSmtp(smtp: AlertsSettings['smtp'], found: Findings): void {
  const url = smtp && URL.parse(smtp.url.reveal())
  if (!url) return
  if (url.hostname === '')
    found.problem(['alerts', 'smtp', 'url'], 'has no host', 'Write it like smtp://user:password@mail.example.com:587.')
  const isClear = url.protocol === 'smtp:' && smtp.tls !== 'required'
  if (isClear && url.password && !isPrivateHost(url.hostname))
    found.problem(['alerts', 'smtp', 'tls'], 'would send the password in the clear', 'Leave it at required, or use smtps://.')
}
