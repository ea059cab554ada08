/** What the dashboard tells people to write into files is what those files take. */
import { expect, test } from 'vitest'
import { parse } from 'yaml'
import { alertsSchema } from '../src/config/schema-alerts.ts'
import { alertsSnippet } from '../web/src/features/settings/select-settings.ts'

test('the example of alert channels loads once its variables are set', () => {
  const values: Readonly<Record<string, string>> = {
    ALERTS_SECRET: 'whsec_c2VjcmV0IG9mIHRoZSB3ZWJob29rcw==',
    SLACK_WEBHOOK: 'https://hooks.slack.com/services/T000/B000/XXXX',
    SMTP_URL: 'smtps://halftone:password@mail.example.com:465',
  }
  const text = alertsSnippet.replaceAll(/\$\{(\w+)\}/g, (_, name: string) => values[name] ?? '')
  expect(text).not.toBe(alertsSnippet)
  const { alerts } = parse(text) as { alerts: unknown }
  const parsed = alertsSchema.safeParse(alerts)
  expect(parsed.error).toBeUndefined()
  expect(parsed.data?.webhooks.length).toBe(1)
})
