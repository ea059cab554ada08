/** Alerts over real sockets: Slack, mail and webhooks; a receiver that fails, a gateway that restarts in between. */
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { AlertChannelWire } from '../../src/contract/alerts-endpoints.ts'
import { compatibleProvider, startTestGateway, type TestGateway } from '../support/gateway.ts'
import { type ProviderDouble, startProviderDouble } from '../support/provider-double.ts'
import { type SmtpDouble, startSmtpDouble } from '../support/smtp-double.ts'

let double: ProviderDouble
let smtp: SmtpDouble
let slack: Server
let told: { readonly path: string; readonly text: string; readonly raw: string }[]
let slackStatus: number
let data: string
let gateway: TestGateway

beforeEach(async () => {
  told = []
  slackStatus = 200
  double = await startProviderDouble()
  smtp = await startSmtpDouble({ disabledCommands: ['STARTTLS', 'AUTH'] })
  data = await mkdtemp(join(tmpdir(), 'halftone-alerts-'))
  slack = createServer((request, response) => {
    let raw = ''
    request.on('data', (chunk) => {
      raw += String(chunk)
    })
    request.on('end', () => {
      if (slackStatus === 200) told.push({ path: request.url ?? '', raw, text: String(JSON.parse(raw).text) })
      response.writeHead(slackStatus, { location: '/elsewhere' }).end('ok')
    })
  })
  await new Promise<void>((resolve) => slack.listen(0, '127.0.0.1', resolve))
})
afterEach(async () => {
  await gateway.close()
  await double.close()
  await smtp.close()
  await new Promise((resolve) => slack.close(resolve))
  await rm(data, { recursive: true, force: true })
})

const start = async (alerts: object = {}, more: object = {}): Promise<void> => {
  const { port } = slack.address() as AddressInfo
  gateway = await startTestGateway({
    config: {
      providers: { double: compatibleProvider(double, { retries: 0 }) },
      network: { allowPrivateHosts: ['127.0.0.1'] },
      alerts: {
        slack: [{ name: 'chat', url: `http://127.0.0.1:${port}/services/T0/B0/secret-path` }],
        email: [{ name: 'post', to: ['ops@example.com'], from: 'halftone@example.com', minSeverity: 'critical' }],
        smtp: { url: `smtp://127.0.0.1:${smtp.port}`, tls: 'off' },
        ...alerts,
      },
      ...more,
    },
    env: { HALFTONE_DATA_DIR: data },
    alertsEveryMs: 20,
  })
}
const generate = () => gateway.call('/v1/images/generations', { body: { model: 'acme/painter', prompt: 'the secret prompt' } })
const until = async (condition: () => boolean, ms = 15_000): Promise<void> => {
  for (const deadline = Date.now() + ms; !condition(); ) {
    if (Date.now() > deadline)
      throw new Error(`waited in vain; told ${JSON.stringify(told)}, mails ${JSON.stringify(smtp.mails)}`)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}
const pause = () => new Promise((resolve) => setTimeout(resolve, 300))
const channels = async () =>
  new Map((await gateway.call<{ data: AlertChannelWire[] }>('/v1/halftone/alerts/channels')).body.data.map((it) => [it.name, it]))

describe('what happens to providers', () => {
  it('a refused key is told once to every channel that wants it, without the prompt', async () => {
    await start()
    double.script({ status: 401, body: { error: { message: 'bad key', code: 'invalid_api_key' } } })
    await generate()
    await generate()
    await until(() => told.length >= 1 && smtp.mails.length >= 1)
    await pause()
    expect(told.map(({ text }) => text.split('\n')[0])).toEqual([':rotating_light: double refuses the key of its account'])
    expect(smtp.mails.map(({ text }) => /^Subject: (.*)$/m.exec(text)?.[1])).toEqual([
      '[halftone] critical: double refuses the key of its account',
    ])
    expect(JSON.stringify([told, smtp.mails])).not.toContain('secret prompt')
  })

  it('an open breaker is told to those who want warnings', async () => {
    await start()
    double.script({ status: 500 })
    await generate()
    await generate()
    await until(() => told.some(({ text }) => text.includes('double:acme/painter keeps failing')))
    await pause()
    expect(smtp.mails).toEqual([])
  })

  it('a call of unknown outcome is told with what stands for it', async () => {
    await start()
    double.script({ fault: 'reset_after' })
    await generate()
    await until(() => told.some(({ text }) => text.includes('Nobody knows whether double billed a call')))
    expect(told.find(({ text }) => text.includes('Nobody'))?.text).toContain('provisional usd: 0.04')
  })
})

describe('a channel', () => {
  it('gets free text without markup of its own', async () => {
    await start(
      {},
      { budgets: [{ id: 'b', scope: 'tag', scopeValue: 'team=<!channel> & <http://evil|x>', period: 'total', limitUsd: 0.05 }] },
    )
    await gateway.call('/v1/images/generations', {
      body: { model: 'acme/painter', prompt: 'x', halftone: { tags: { team: '<!channel> & <http://evil|x>' } } },
    })
    await gateway.call('/v1/halftone/budgets/other', {
      method: 'PUT',
      body: { scope: 'global', period: 'total', limit_usd: '1000' },
    })
    await until(() => told.length >= 2)
    const texts = told.map(({ text }) => text).join('\n')
    expect(texts).toContain('scope value: team=&lt;!channel&gt; &amp; &lt;http://evil|x&gt;')
    expect(texts).not.toMatch(/<[!@h]/)
    expect(JSON.parse(told[0]!.raw)).toMatchObject({ mrkdwn: false })
  })

  it('is tried by a test message, whose failure is told without the address', async () => {
    await start()
    const test = (name: string) => gateway.call(`/v1/halftone/alerts/channels/${name}/test`, { method: 'POST' })
    expect((await test('chat')).body).toMatchObject({ ok: true })
    expect((await test('post')).body).toMatchObject({ ok: true })
    expect(told[0]?.path).toBe('/services/T0/B0/secret-path')
    slackStatus = 302
    expect((await test('chat')).body).toMatchObject({ ok: false, message: 'It answered with status 302.' })
    const listed = await channels()
    expect(listed.get('chat')).toMatchObject({ sent: 1, failed: 1, last_failure: { message: 'It answered with status 302.' } })
    expect(JSON.stringify([...listed])).not.toContain('secret-path')
    expect((await test('nobody')).status).toBe(404)
    const audit = await gateway.call<{ data: { action: string }[] }>('/v1/halftone/audit?action=alert')
    expect(audit.body.data.map(({ action }) => action)).toEqual(['alert.test', 'alert.test', 'alert.test'])
  })

  it('that fails is told after a restart, once', { timeout: 60_000 }, async () => {
    await start()
    slackStatus = 503
    smtp.failures = 1
    double.script({ status: 401, body: { error: { message: 'bad key' } } })
    await generate()
    await until(() => smtp.failures === 0)
    await pause()
    expect([told.length, smtp.mails.length]).toEqual([0, 0])
    await gateway.close()
    slackStatus = 200
    await start()
    await until(() => told.length >= 1 && smtp.mails.length >= 1, 40_000)
    await generate()
    await pause()
    expect([told.length, smtp.mails.length]).toEqual([1, 1])
  })
})
