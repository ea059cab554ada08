/** Qwen-Image against a double of both its ways: answers at once and tasks; regions, cancelling, prices in two currencies. */
import { afterEach, describe, expect, test } from 'vitest'
import { dashscope } from '../../src/providers/dashscope.ts'
import { ownBaseUrl } from '../../src/providers/define-provider.ts'
import { createCodecProvider } from '../../src/providers/engine.ts'
import type { ProviderConfig } from '../../src/providers/provider-config.ts'
import { type DashscopeScript, dashscopeKey, startDashscope } from '../support/doubles/dashscope.ts'
import { crashAndResume, leaveAfter } from '../support/jobs.ts'
import { priced } from '../support/priced.ts'
import { usesOf } from '../support/uses.ts'
import { attempt, testCandidate, testClock, testRequest } from './attempt.ts'

const closers: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const close of closers.splice(0)) await close()
})

/** Tasks are asked about every two seconds; tests need not wait that long. */
const hasty = { ...testClock, sleep: (ms: number, signal?: AbortSignal) => testClock.sleep(Math.min(ms, 20), signal) }

async function account(script: DashscopeScript = {}, config: Partial<ProviderConfig> = {}) {
  const double = await startDashscope(script)
  const all = { name: 'dashscope', type: 'dashscope', baseUrl: `${double.origin}/api/v1`, apiKey: { reveal: () => dashscopeKey } }
  const provider = createCodecProvider(dashscope, { ...all, ...config }, { clock: hasty })
  closers.push(double.close, () => provider.close())
  return { provider, double }
}

test.each([...usesOf(dashscope.offers({ name: 'dashscope', type: 'dashscope' }))])('$model: $use', async ({ setup }) => {
  const { provider } = await account()
  const { result } = await attempt(provider, setup)
  expect(result.kind === 'failed' ? result.failure.message : result.images.length).toBe(setup.settings?.n)
})

test('a parameter the API does not have is refused with its name', async () => {
  const { provider } = await account()
  const { result } = await attempt(provider, { request: { extraBody: { dashscope: { parameters: { cfg: 3 } } } } })
  expect(result).toMatchObject({ kind: 'failed', failure: { code: 'provider_rejected', billed: 'no' } })
  expect(result.kind === 'failed' && result.failure.message).toContain('parameters.cfg')
})

test.each([
  [undefined, 'https://dashscope-intl.aliyuncs.com/api/v1', 'ap-southeast-1'],
  ['cn-beijing', 'https://dashscope.aliyuncs.com/api/v1', 'cn-beijing'],
  ['us-east-1', 'https://dashscope-us.aliyuncs.com/api/v1', 'us-east-1'],
])('the region %s is reached at %s, and offers are of it', (region, url, named) => {
  const config = { name: 'dashscope', type: 'dashscope', ...(region === undefined ? {} : { region }) }
  expect(ownBaseUrl(dashscope, config)).toBe(url)
  expect(dashscope.offers(config)[0]?.region).toBe(named)
})

const plus = { model: 'alibaba/qwen-image-plus' }

describe('a task', () => {
  test('waits, and its picture is fetched without the key; the prompt it was made from is told', async () => {
    const { provider, double } = await account({ pending: 2 })
    const { result } = await attempt(provider, plus)
    expect(result).toMatchObject({
      kind: 'done',
      images: [{ revisedPrompt: 'a red kite, in detail' }],
      usage: { 'images.out': 1_000_000n },
    })
    expect(double.tasks.get('task-1')?.polls).toBe(3)
  })

  test('that a crash left behind is resumed, and not submitted again', async () => {
    const { provider, double } = await account({ pending: 1 })
    const { cut, resumed } = await crashAndResume(provider, plus)
    expect(cut).toMatchObject({ kind: 'failed', failure: { code: 'cancelled', billed: 'unknown' } })
    expect(resumed.kind).toBe('done')
    expect(double.tasks.size).toBe(1)
  })

  test('that still waits when the client leaves is cancelled and costs nothing', async () => {
    const { provider, double } = await account({ ending: 'PENDING' })
    expect(await leaveAfter(100, provider, plus)).toMatchObject({ failure: { code: 'cancelled', billed: 'no' } })
    expect(double.tasks.get('task-1')?.isCancelled).toBe(true)
  })

  test('that runs already cannot be cancelled', async () => {
    const { provider } = await account({ ending: 'RUNNING' })
    expect(await leaveAfter(100, provider, plus)).toMatchObject({ failure: { code: 'cancelled', billed: 'unknown' } })
  })

  test.each([
    [{ ending: 'FAILED' }, { code: 'content_refused', stage: 'after', billed: 'no' }],
    [{ ending: 'UNKNOWN' }, { code: 'provider_error', billed: 'unknown', retryable: false }],
    [{ expired: true }, { code: 'provider_invalid_response', billed: 'yes', retryable: false }],
  ] as const)('%j fails as %j', async (script, failure) => {
    const { provider } = await account(script)
    expect((await attempt(provider, plus)).result).toMatchObject({ kind: 'failed', failure })
  })
})

test.each([
  [dashscopeKey, { ok: true }],
  ['wrong', { ok: false }],
])('the probe tells whether the key %s works', async (key, expected) => {
  const { provider } = await account({}, { apiKey: { reveal: () => key } })
  expect(await provider.probe?.(AbortSignal.timeout(5_000))).toMatchObject(expected)
})

test.each([
  ['ap-southeast-1', 'alibaba/qwen-image-2.0', 3, 105_000_000n, 'USD'],
  ['cn-beijing', 'alibaba/qwen-image-2.0', 2, 60_000_000n, 'CNY'],
  ['cn-beijing', 'alibaba/qwen-image-plus', 1, 30_000_000n, 'CNY'],
])('in %s %s, %i pictures, settles at what was quoted, in %s%s', async (region, model, n, nanoUsd, nativeUnit) => {
  const { provider } = await account({}, { region })
  const { result } = await attempt(provider, { model, settings: { n } })
  const { quote, settlement } = priced(testCandidate(provider, { n }, model), testRequest({ n }), result)
  expect(quote.expectedNanoUsd).toBe(nanoUsd)
  expect(settlement).toMatchObject({ kind: 'charged', totalNanoUsd: nanoUsd, lines: [{ nativeUnit }] })
})
