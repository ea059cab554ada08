/** Every endpoint that changes something is called, and its row of the audit log looked for; and how long a session lasts. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { auditRules } from '../../src/contract/audit-rules.ts'
import { type Endpoint, type EndpointName, endpoints } from '../../src/contract/endpoints.ts'
import type { UnknownAttemptWire } from '../../src/contract/reconcile.ts'
import { createKeyRing } from '../../src/server/key-ring.ts'
import { createSessions } from '../../src/server/sessions.ts'
import { openSqliteLedger } from '../../src/storage/index.ts'
import { runCli } from '../cli/run-cli.ts'
import { compatibleProvider, PRICE, startTestGateway, type TestGateway } from '../support/gateway.ts'
import { T0 } from '../support/ledger-rows.ts'
import { type ProviderDouble, startProviderDouble } from '../support/provider-double.ts'

const credits = { kind: 'prepaidCredits', id: 'credits', lots: [{ amount: '5' }], appliesTo: ['acme/other'] }
const model = 'acme/painter'

let double: ProviderDouble
let gateway: TestGateway
beforeAll(async () => {
  double = await startProviderDouble()
  gateway = await startTestGateway({
    config: {
      providers: {
        double: {
          ...compatibleProvider(double, { retries: 0 }),
          prices: { '*': { perImage: PRICE, commitments: [credits] } },
        },
      },
    },
    env: { HALFTONE_MAX_USD_PER_DAY: '5' },
  })
})
afterAll(async () => {
  await gateway?.close()
  await double?.close()
})

type Writing = {
  [Name in keyof typeof auditRules]: (typeof auditRules)[Name] extends { readonly writes: string } ? Name : never
}[keyof typeof auditRules]

interface Sent {
  readonly path?: string
  readonly body?: unknown
  readonly key?: string | null
  readonly headers?: Readonly<Record<string, string>>
}

const post = <Body>(path: string, body: unknown) => gateway.call<Body>(path, { body })
const put = (path: string, body: unknown) => gateway.call(path, { method: 'PUT', body })
const signIn = async (): Promise<string> => {
  const { headers } = await gateway.call('/v1/halftone/session', { key: null, body: { key: gateway.adminKey } })
  return headers.getSetCookie()[0]?.split(';')[0] ?? ''
}
const image = async (): Promise<string> => {
  const made = await post<{ halftone: { request_id: string } }>('/v1/images/generations', {
    model,
    prompt: 'a fox',
    response_format: 'url',
  })
  return (await gateway.record(made.body.halftone.request_id)).images[0]?.id ?? ''
}
/** Drafted from a provider that reports other costs than the book has. */
const draft = async (): Promise<string> => {
  double.script({ usage: { cost: 0.5 } })
  for (let index = 0; index < 5; index += 1) await post('/v1/images/generations', { model, prompt: 'a fox' })
  double.script({})
  return (await post<{ data: { id: string }[] }>('/v1/halftone/prices/drafts', {})).body.data[0]?.id ?? ''
}

/** What makes each of them change something, in an order of its own. */
const changing: Partial<Record<Writing, () => Promise<Sent>>> = {
  deleteImage: async () => ({ path: `/v1/halftone/images/${await image()}` }),
  rerate: async () => ({ body: { since: '2026-01-01' } }),
  rejectPriceDraft: async () => ({ path: `/v1/halftone/prices/drafts/${await draft()}/reject`, body: {} }),
  createKey: async () => ({ body: { name: 'made' } }),
  revokeKey: async () => ({ path: `/v1/halftone/keys/${(await gateway.createKey()).id}` }),
  putProject: async () => ({ path: '/v1/halftone/projects/made', body: { name: 'Made' } }),
  putBudget: async () => ({ path: '/v1/halftone/budgets/made', body: { scope: 'global', period: 'day', limit_usd: '4' } }),
  deleteBudget: async () => {
    await put('/v1/halftone/budgets/gone', { scope: 'global', period: 'day', limit_usd: '4' })
    return { path: '/v1/halftone/budgets/gone' }
  },
  recordDraw: async () => ({ body: { id: 'line-1', lot_id: 'double/credits/1', amount: '1.5', source: 'a statement' } }),
  reconcileAttempt: async () => {
    double.enqueue({ fault: 'reset_after' })
    await post('/v1/images/generations', { model, prompt: 'a fox' })
    const { body } = await gateway.call<{ data: UnknownAttemptWire[] }>('/v1/halftone/attempts/unknown')
    const id = body.data[0]?.id
    return {
      path: `/v1/halftone/attempts/${id}/reconcile`,
      body: { evidence_id: 'line 1', source: 'a bill', amount_usd: '0.03' },
    }
  },
  importSpend: async () => ({
    body: {
      source: 'bill',
      rows: [
        {
          evidence_id: 'line-1',
          at: '2026-10-05T00:00:00Z',
          provider: 'acme',
          model,
          images: 2,
          amount_usd: '0.08',
          provenance: 'invoiced',
        },
      ],
    },
  }),
  putRoute: async () => ({ path: '/v1/halftone/routes/made', body: { document: { models: [model] } } }),
  deleteRoute: async () => {
    await put('/v1/halftone/routes/gone', { document: {} })
    return { path: '/v1/halftone/routes/gone?version=1' }
  },
  rollbackRoute: async () => {
    await put('/v1/halftone/routes/back', { document: {} })
    await put('/v1/halftone/routes/back', { document: { retries: 0 }, version: 1 })
    return { path: '/v1/halftone/routes/back/rollback', body: { to: 1, version: 2 } }
  },
  putView: async () => ({ path: '/v1/halftone/views/made', body: { name: 'Made', page: 'explore', query: '' } }),
  deleteView: async () => {
    await put('/v1/halftone/views/gone', { name: 'Gone', page: 'explore', query: '' })
    return { path: '/v1/halftone/views/gone' }
  },
  putTagRule: async () => ({
    path: '/v1/halftone/tag-rules/made',
    body: { name: 'Made', key: 'team', value: 'web', when: { project: 'default' } },
  }),
  deleteTagRule: async () => {
    await put('/v1/halftone/tag-rules/gone', { name: 'Gone', key: 'team', value: 'web', when: { project: 'default' } })
    return { path: '/v1/halftone/tag-rules/gone' }
  },
  closeMonth: async () => ({ path: '/v1/halftone/months/2026-08/close', body: {} }),
  deleteContent: async () => ({ body: { project_id: 'nothing', before: '2026-01-01T00:00:00Z' } }),
  signIn: async () => ({ key: null, body: { key: gateway.adminKey } }),
  signOut: async () => ({ key: null, headers: { cookie: await signIn(), 'x-halftone-csrf': '1' } }),
  endSession: async () => {
    await signIn()
    const { body } = await gateway.call<{ data: { id: string }[] }>('/v1/halftone/sessions')
    return { path: `/v1/halftone/sessions/${body.data[0]?.id}` }
  },
}

/** Rows that another test makes and looks for, because they take a gateway of their own. */
const elsewhere: Readonly<Record<string, string>> = {
  reviewPrices: 'e2e/prices.test.ts',
  acceptPriceDraft: 'e2e/prices.test.ts',
  changePrice: 'e2e/providers.test.ts',
  rollbackPrices: 'e2e/providers.test.ts',
  verifyProvider: 'e2e/providers.test.ts',
  testAlertChannel: 'e2e/alerts.test.ts',
  resetQuality: 'e2e/quality.test.ts',
}

interface Row {
  readonly id: string
  readonly action: string
  readonly actor: string
  readonly actor_role: string | null
  readonly address: string | null
}
const rows = async (action = ''): Promise<readonly Row[]> =>
  (await gateway.call<{ data: Row[] }>(`/v1/halftone/audit?limit=200${action && `&action=${action}`}`)).body.data

describe('the audit log', () => {
  const writing = Object.entries(auditRules).flatMap(([name, rule]) => ('writes' in rule ? [[name, rule.writes] as const] : []))

  it('every endpoint that writes a row is called here, or where the list says', () => {
    expect(writing.length).toBeGreaterThan(20)
    expect(writing.map(([name]) => name).filter((name) => !(name in changing) && !(name in elsewhere))).toEqual([])
  })

  it.each(Object.entries(changing))('%s leaves one row of its kind: who, from where', async (name, prepare) => {
    const endpoint: Endpoint = endpoints[name as EndpointName]
    const kind = writing.find(([each]) => each === name)?.[1] ?? 'no rule'
    const { path = endpoint.path, ...sent } = await prepare()
    const before = new Set((await rows()).map(({ id }) => id))
    const { status, body } = await gateway.call(path, { method: endpoint.method, ...sent })
    expect([status, status === 200 ? '' : body]).toEqual([200, ''])
    const written = (await rows()).filter(({ id }) => !before.has(id))
    expect(written.length, 'rows that it left').toBeGreaterThan(0)
    for (const row of written) expect(row.action.split('.')[0]).toBe(kind)
    const named = (await rows(kind)).find(({ id }) => id === written[0]?.id)
    expect(named, 'found by its kind').toMatchObject({ actor: 'admin', actor_role: 'admin' })
    expect(named?.address).toMatch(/127\.0\.0\.1|::1/)
  })

  it('what is refused leaves no row', async () => {
    const before = (await rows()).length
    await put('/v1/halftone/budgets/Not An Id', { scope: 'global', period: 'day', limit_usd: '4' })
    await put('/v1/halftone/budgets/zero', { scope: 'global', period: 'day', limit_usd: '0' })
    await put('/v1/halftone/routes/made', { document: { floor: 'no-such-level' }, version: 1 })
    await gateway.call('/v1/halftone/keys/nobody', { method: 'DELETE' })
    expect((await rows()).length).toBe(before)
  })
})

describe('halftone audit', () => {
  const run = async (...args: readonly string[]) =>
    runCli(['audit', '--url', gateway.url, '--key', gateway.adminKey, ...args], { cwd: gateway.folder })

  beforeAll(async () => {
    for (const limit_usd of ['1', '2', '3'])
      await put('/v1/halftone/budgets/told', { scope: 'global', period: 'month', limit_usd, hard: limit_usd !== '3' })
    await put('/v1/halftone/projects/escape', { name: '\u001b[31mred\u001b[0m' })
    await put('/v1/halftone/projects/escape', { name: 'plain' })
  })

  it('says when, who, from where and what, and each member that changed with what it was', async () => {
    const { code, stdout } = await run('--object', 'told')
    expect(code).toBe(0)
    expect(stdout).toMatch(/WHEN\s+WHO\s+FROM\s+WHAT\s+OF/)
    expect(stdout.match(/budget\.update/g)).toHaveLength(2)
    expect(stdout).toMatch(/\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\s+admin\s+\S+\s+budget\.create\s+told/)
    expect(stdout).toMatch(/hard: \S+ -> \S+/)
  })

  it('goes on where the page before ended', async () => {
    const first = await run('--object', 'told', '--limit', '2')
    const cursor = /More: --cursor (\S+)/.exec(first.stdout)?.[1] ?? ''
    expect(cursor).not.toBe('')
    const rest = await run('--object', 'told', '--limit', '2', '--cursor', cursor)
    expect([rest.stdout.match(/budget\./g)?.length, rest.stdout.includes('More:')]).toEqual([1, false])
  })

  it('as JSON is the answer of the API', async () => {
    const { stdout } = await run('--object', 'told', '--json')
    const { body } = await gateway.call('/v1/halftone/audit?object_id=told')
    expect(JSON.parse(stdout)).toEqual(body)
  })

  it('lets no name move the cursor or colour the terminal', async () => {
    const { stdout } = await run('--object', 'escape')
    expect(stdout).toContain('red')
    expect(stdout).not.toContain('\u001b')
  })

  it('says that there is nothing, and refuses a limit that is none', async () => {
    expect((await run('--actor', 'nobody')).stdout).toContain('Nothing.')
    expect(await run('--limit', '0')).toMatchObject({ code: 2, stderr: expect.stringContaining('1 to 200') })
  })
})

describe('a session', () => {
  const HOUR_US = 3_600_000_000
  const key = {
    id: 'key-a',
    name: 'A',
    hash: 'hash-a',
    prefix: 'ht_a',
    role: 'finance' as const,
    projectId: 'default',
    tags: {},
    createdUs: T0,
    managedBy: 'api' as const,
    revokedUs: null,
  }
  const project = {
    id: 'default',
    name: 'default',
    promptMode: 'full' as const,
    assetTtlDays: 1,
    tags: {},
    managedBy: 'file' as const,
  }

  /** On a real ledger, with a clock that stands still until it is moved. */
  async function start(settings = { maxSeconds: 12 * 3600, idleSeconds: 2 * 3600, roles: [] }) {
    const dataDir = await mkdtemp(join(tmpdir(), 'halftone-sessions-'))
    let nowUs = T0
    const clock = { nowUs: () => nowUs, monotonicMs: () => nowUs / 1_000, sleep: async () => {} }
    const ledger = await openSqliteLedger({ dataDir, now: clock.nowUs, declaredTags: [] })
    await ledger.admin.createKey(key)
    const keys = createKeyRing({ ledger, clock, defaultProject: project })
    const errors: unknown[] = []
    const sessions = createSessions({
      ledger,
      clock,
      keys,
      newId: () => 'session-1',
      settings: () => settings,
      onError: (error) => errors.push(error),
    })
    const { token } = await sessions.start({ kind: 'key', identity: { key, project }, address: '127.0.0.1' })
    return {
      wait: (us: number) => {
        nowUs += us
      },
      isOpen: () =>
        sessions.authenticate(token).then(
          () => true,
          (error: { code: string }) => {
            expect(error.code).toBe('invalid_api_key')
            return false
          },
        ),
      seen: async () => (await ledger.access.sessions(nowUs))[0]?.seenUs,
      close: async () => {
        await ledger.close()
        await rm(dataDir, { recursive: true, force: true })
        expect(errors).toEqual([])
      },
    }
  }

  it('ends when nothing happened for the idle time, and not a moment before', async () => {
    const session = await start()
    try {
      session.wait(2 * HOUR_US - 1)
      expect(await session.isOpen()).toBe(true)
      session.wait(2 * HOUR_US)
      expect(await session.isOpen()).toBe(false)
      session.wait(1)
      expect(await session.isOpen(), 'it does not come back').toBe(false)
    } finally {
      await session.close()
    }
  })

  it('lives on while it is used, but never beyond its longest time', async () => {
    const session = await start()
    try {
      for (let hour = 1; hour < 12; hour += 1) {
        session.wait(HOUR_US)
        expect(await session.isOpen(), `after ${hour} h`).toBe(true)
        await expect.poll(() => session.seen()).toBe(T0 + hour * HOUR_US)
      }
      session.wait(HOUR_US)
      expect(await session.isOpen()).toBe(false)
    } finally {
      await session.close()
    }
  })

  it('within a minute the ledger is told once that somebody is there', async () => {
    const session = await start()
    try {
      session.wait(30_000_000)
      await session.isOpen()
      expect(await session.seen()).toBe(T0)
      session.wait(31_000_000)
      await session.isOpen()
      await expect.poll(() => session.seen()).toBe(T0 + 61_000_000)
    } finally {
      await session.close()
    }
  })
})
