/** A route that tries what little is known of: what it tries, what that costs, and that the sum of the day outlives a restart. */
import { afterEach, expect, it } from 'vitest'
import { startHalftone } from '../../src/compose.ts'
import type { Explanation } from '../../src/contract/records.ts'
import { ADMIN_KEY, type Answer, startTestGateway, type TestGateway } from '../support/gateway.ts'

let gateway: TestGateway
afterEach(() => gateway.close())

const start = async (maxExtraUsdPerDay: string, share = 0.5): Promise<void> => {
  gateway = await startTestGateway({
    config: {
      sandbox: { enabled: 'always', latencyScale: 0 },
      routes: { curious: { models: ['sandbox/flat', 'sandbox/visual'], explore: { share, maxExtraUsdPerDay } } },
    },
  })
}

interface Made {
  readonly halftone: {
    readonly request_id: string
    readonly offer: string
    readonly warnings: readonly { readonly code: string }[]
  }
}

const generate = (headers: Record<string, string> = {}): Promise<Answer<Made>> =>
  gateway.call<Made>('/v1/images/generations', {
    body: { model: 'curious', prompt: 'a red fox', quality: undefined, size: '512x512' },
    headers,
  })
const isExplored = ({ body }: Answer<Made>): boolean => body.halftone.warnings.some(({ code }) => code === 'explored')

/** Until one is tried: half of them are. */
async function explored(): Promise<Answer<Made>> {
  for (let tries = 0; tries < 40; tries += 1) {
    const answer = await generate()
    if (isExplored(answer)) return answer
  }
  throw new Error('nothing was explored')
}

it('the offer that was not used yet is tried, and the decision says instead of what and at what price', async () => {
  await start('1')
  const usual = await generate()
  const tried = await explored()
  expect(tried.body.halftone.offer).not.toBe(usual.body.halftone.offer)
  const { body } = await gateway.call<Explanation>(`/v1/halftone/requests/${tried.body.halftone.request_id}/explain`)
  expect(body.explored).toMatchObject({ offer: tried.body.halftone.offer, extra_usd: expect.stringMatching(/^0\.\d+$/) })
  expect(body.explored?.instead_of).toContain(usual.body.halftone.offer)
})

it('the sum of the day is a limit, and a restart does not begin anew', async () => {
  await start('1')
  const { body } = await gateway.call<Explanation>(`/v1/halftone/requests/${(await explored()).body.halftone.request_id}/explain`)
  const extra = body.explored?.extra_usd ?? ''
  expect(Number(extra)).toBeGreaterThan(0)
  await gateway.writeConfig({
    sandbox: { enabled: 'always', latencyScale: 0 },
    // Half again as much: room for one, and not for two.
    routes: {
      curious: {
        models: ['sandbox/flat', 'sandbox/visual'],
        explore: { share: 0.5, maxExtraUsdPerDay: (Number(extra) * 1.5).toFixed(9) },
      },
    },
  })
  await gateway.halftone.close()
  const again = await startHalftone({
    env: {
      HALFTONE_PORT: '0',
      HALFTONE_DATA_DIR: `${gateway.folder}/data`,
      HALFTONE_ADMIN_KEY: ADMIN_KEY,
      HALFTONE_LOG_LEVEL: 'silent',
    },
    cwd: gateway.folder,
  })
  try {
    const codes: string[] = []
    for (let count = 0; count < 20; count += 1) {
      const answer = await fetch(`${again.url}/v1/images/generations`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', authorization: `Bearer ${ADMIN_KEY}` },
        body: JSON.stringify({ model: 'curious', prompt: 'a red fox', size: '512x512' }),
      })
      expect(answer.status).toBe(200)
      codes.push(answer.headers.get('x-halftone-warnings') ?? '')
      await answer.arrayBuffer()
    }
    expect(codes.filter((code) => code.includes('explored'))).toEqual([])
  } finally {
    await again.close()
  }
})

it('requests that say which offer comes first are not explored with', async () => {
  await start('1')
  const answers = await Promise.all(Array.from({ length: 12 }, () => generate({ 'x-halftone-order': 'sandbox/flat' })))
  expect(answers.map(({ status }) => status)).toEqual(Array.from({ length: 12 }, () => 200))
  expect(answers.some(isExplored)).toBe(false)
})
