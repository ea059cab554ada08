/** Several nodes on one PostgreSQL, and connections that break at the worst moment. */
import { connect as connectSocket, createServer, type Server, type Socket } from 'node:net'
import pg from 'pg'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { Ledger } from '../../src/ports/ledger.ts'
import { migratePostgres, openPostgresLedger, postgresSchemaVersion, schemaVersion } from '../../src/storage/index.ts'
import { type Migration, migrations } from '../../src/storage/migrations/index.ts'
import { expectConsistent } from '../contracts/ledger/invariants.ts'
import { newBudget, newReserve, newSettle } from '../support/ledger-rows.ts'
import type { PostgresDatabase } from '../support/postgres.ts'
import { createTestDatabase } from '../support/test-database.ts'

let database: PostgresDatabase
let url: string
let client: pg.Client
const ledgers: Ledger[] = []

beforeEach(async () => {
  database = await createTestDatabase()
  url = database.url
  client = new pg.Client({ connectionString: url })
  await client.connect()
})
afterEach(async () => {
  await Promise.all(ledgers.splice(0).map((ledger) => ledger.close()))
  await client.end()
  await database.drop()
})

const nowUs = () => Date.now() * 1000
const open = async (at = url): Promise<Ledger> => {
  const ledger = await openPostgresLedger({ url: at, now: nowUs })
  ledgers.push(ledger)
  return ledger
}
const openNode = async (nodeId: string, at = url) => {
  const ledger = await open(at)
  const { epoch, recovery } = await ledger.openNode({ nodeId, leaseMs: 60_000 })
  return { ledger, owner: { nodeId, epoch }, recovery }
}
const harness = () => ({
  query: async (sql: string) => (await client.query(sql)).rows as Record<string, unknown>[],
  clock: { nowUs: 0 },
  open,
  expireLease: async (nodeId: string) =>
    void (await client.query('UPDATE nodes SET lease_until_us = 0 WHERE node_id = $1', [nodeId])),
  manyNodes: true,
  dispose: async () => undefined,
})

test('nodes that start together migrate once, and every one of them sees the schema', async () => {
  expect(await postgresSchemaVersion(url)).toBe(0)
  await Promise.all([open(), open(), open()])
  expect(await postgresSchemaVersion(url)).toBe(schemaVersion)
  expect(await migratePostgres(url, 0)).toMatchObject({ from: schemaVersion, applied: [] })
})

test('a database of a newer Halftone is refused', async () => {
  await migratePostgres(url, 0)
  await client.query(`INSERT INTO schema_migrations VALUES (${schemaVersion + 1}, 'future', 0)`)
  await expect(openPostgresLedger({ url, now: nowUs })).rejects.toMatchObject({ code: 'schema_newer' })
})

test('a server that cannot be reached is a storage error', async () => {
  const nowhere = new URL(url)
  nowhere.port = '1'
  await expect(openPostgresLedger({ url: nowhere.href, now: nowUs })).rejects.toMatchObject({ code: 'storage_failed' })
})

test('200 parallel reserves on each of 4 nodes overshoot shared budgets by exactly 0', async () => {
  const nodes = await Promise.all(['a', 'b', 'c', 'd'].map((id) => openNode(id)))
  await nodes[0]!.ledger.admin.putBudget(newBudget('global', { limitNanoUsd: 300n }))
  await nodes[0]!.ledger.admin.putBudget(newBudget('project', { limitNanoUsd: 250n, period: 'month' }))
  const budgetIds = ['project', 'global']
  const results = await Promise.all(
    nodes.flatMap(({ ledger, owner }) =>
      Array.from({ length: 200 }, async () => {
        const reserve = newReserve(owner, { budgetIds, holdNanoUsd: 1n })
        return (await ledger.reserve(reserve)).kind
      }),
    ),
  )
  expect(results.filter((kind) => kind === 'reserved')).toHaveLength(250)
  await expectConsistent(harness())
}, 60_000)

test('nodes that settle the same offers at once lose no sum', async () => {
  const nodes = await Promise.all(['a', 'b', 'c'].map((id) => openNode(id)))
  await nodes[0]!.ledger.admin.putBudget(newBudget('global', { limitNanoUsd: 10n ** 15n }))
  const sha256 = 'a'.repeat(64)
  await Promise.all(
    nodes.flatMap(({ ledger, owner }) =>
      Array.from({ length: 60 }, async (_, index) => {
        const reserve = newReserve(owner, { budgetIds: ['global'] })
        await ledger.reserve(reserve)
        const id = `${owner.nodeId}-${index}`
        const asset = {
          id,
          role: 'output',
          index: 0,
          sha256,
          bytes: 1,
          mediaType: 'image/png',
          width: 1,
          height: 1,
          expiresUs: 1,
        } as const
        await ledger.settle(newSettle(reserve, { assets: [asset] }))
      }),
    ),
  )
  expect(await harness().query('SELECT refs FROM blobs')).toEqual([{ refs: '180' }])
  await expectConsistent(harness())
}, 60_000)

test('one idempotency key sent to every node at once is reserved once', async () => {
  const nodes = await Promise.all(['a', 'b', 'c'].map((id) => openNode(id)))
  const idempotency = { scope: 'k', fingerprint: 'f', expiresUs: nowUs() + 1e9 }
  const kinds = await Promise.all(
    nodes.flatMap(({ ledger, owner }) =>
      Array.from({ length: 10 }, async () => (await ledger.reserve(newReserve(owner, { idempotency }))).kind),
    ),
  )
  expect(kinds.filter((kind) => kind === 'reserved')).toHaveLength(1)
  expect(kinds.filter((kind) => kind === 'idempotent')).toHaveLength(29)
})

test('a key that another node takes between look-up and commit is found, not replaced', async () => {
  const { ledger, owner } = await openNode('slow')
  await ledger.admin.putBudget(newBudget('global'))
  await ledger.reserve(newReserve(owner, { budgetIds: ['global'] }))
  await client.query('BEGIN')
  await client.query('SELECT * FROM budget_periods FOR UPDATE')
  const idempotency = { scope: 'taken', fingerprint: 'f', expiresUs: nowUs() + 1e9 }
  // It has looked for the key and waits for the budget row.
  const pending = ledger.reserve(newReserve(owner, { budgetIds: ['global'], idempotency }))
  const waiting = "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
  while ((await client.query(waiting)).rowCount === 0) await new Promise((resolve) => setTimeout(resolve, 5))
  await client.query("INSERT INTO idempotency VALUES ('taken', 'f', 'another', 0, 0, 9000000000000000)")
  await client.query('COMMIT')
  expect(await pending).toEqual({ kind: 'idempotent', requestId: 'another', sameFingerprint: true, finished: false })
})

test('nodes that load the same configuration at once all succeed', async () => {
  const opened = await Promise.all([open(), open(), open()])
  const project = { id: 'p', name: 'P', promptMode: 'full', assetTtlDays: 30, tags: {}, managedBy: 'file' } as const
  for (let round = 0; round < 5; round += 1) {
    await Promise.all(
      opened.flatMap((ledger) => [
        ledger.admin.putProject(project),
        ledger.admin.putBudget(newBudget('g', { managedBy: 'file' })),
      ]),
    )
  }
  expect(await opened[0]!.admin.projects()).toEqual([project])
})

test('nodes that sweep at once release each reference once', async () => {
  const nodes = await Promise.all(['a', 'b', 'c'].map((id) => openNode(id)))
  const { ledger, owner } = nodes[0]!
  const sha256 = 'b'.repeat(64)
  for (let index = 0; index < 30; index += 1) {
    const reserve = newReserve(owner)
    await ledger.reserve(reserve)
    const asset = {
      id: `s-${index}`,
      role: 'output',
      index: 0,
      sha256,
      bytes: 1,
      mediaType: 'image/png',
      width: 1,
      height: 1,
    } as const
    await ledger.settle(newSettle(reserve, { assets: [{ ...asset, expiresUs: index < 29 ? 1 : 9e15 }] }))
  }
  const swept = await Promise.all(nodes.map((node) => node.ledger.sweep({ nowUs: nowUs(), limit: 100 })))
  expect(swept.flatMap((report) => report.deletedBlobs)).toEqual([])
  expect(await harness().query('SELECT refs FROM blobs')).toEqual([{ refs: '1' }])
})

test('leases run on the clock of the database, and a live node is left alone', async () => {
  const short = await open()
  const { epoch } = await short.openNode({ nodeId: 'short', leaseMs: 400 })
  const reserve = newReserve({ nodeId: 'short', epoch })
  await short.reserve(reserve)
  const { ledger, recovery } = await openNode('other')
  expect(recovery.unknown).toEqual([])
  expect(await short.renewNode({ nodeId: 'short', epoch, leaseMs: 400 })).toBe(true)
  expect((await ledger.recoverExpired()).unknown).toEqual([])
  await new Promise((resolve) => setTimeout(resolve, 600))
  expect((await ledger.recoverExpired()).unknown).toEqual([reserve.attempt.id])
  expect(await short.renewNode({ nodeId: 'short', epoch, leaseMs: 400 })).toBe(false)
})

test('jobs of a dead node are handed to exactly one of the nodes that recover at once', async () => {
  const dead = await openNode('dead')
  for (let index = 0; index < 20; index += 1) {
    const reserve = newReserve(dead.owner)
    await dead.ledger.reserve(reserve)
    await dead.ledger.recordJob({ attemptId: reserve.attempt.id, jobId: `job-${index}`, resume: null, atUs: 1 })
  }
  const others = await Promise.all(['x', 'y', 'z'].map((id) => openNode(id)))
  await harness().expireLease('dead')
  const reports = await Promise.all(others.map(({ ledger }) => ledger.recoverExpired()))
  const claimed = reports.flatMap((report) => report.resumable.map((attempt) => attempt.attemptId))
  expect(claimed).toHaveLength(20)
  expect(new Set(claimed).size).toBe(20)
})

test('a node that is recovered while it reserves leaves nothing behind that nobody looks after', async () => {
  const doomed = await openNode('doomed')
  const other = await openNode('other')
  const outcomes = Array.from({ length: 300 }, () =>
    doomed.ledger.reserve(newReserve(doomed.owner)).catch((error: unknown) => error),
  )
  await harness().expireLease('doomed')
  await other.ledger.recoverExpired()
  const results = await Promise.all(outcomes)
  expect(results.at(-1)).toSatisfy(
    (result: unknown) => (result as { kind?: string }).kind === 'reserved' || (result as { code?: string }).code === 'draining',
  )
  await other.ledger.recoverExpired()
  expect(await harness().query("SELECT id FROM attempts WHERE state = 'dispatched'")).toEqual([])
})

test('commands survive the end of their connection and are written once', async () => {
  const { ledger, owner } = await openNode('cut')
  await ledger.admin.putBudget(newBudget('global', { limitNanoUsd: 10n ** 15n }))
  const reserves = Array.from({ length: 400 }, () => newReserve(owner, { budgetIds: ['global'] }))
  for (let start = 0; start < reserves.length; start += 40) {
    const wave = reserves.slice(start, start + 40).map((reserve) => ledger.reserve(reserve))
    await new Promise((resolve) => setTimeout(resolve, start / 40))
    await client.query(
      "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'halftone' AND datname = current_database()",
    )
    expect((await Promise.all(wave)).map((result) => result.kind)).toEqual(wave.map(() => 'reserved'))
  }
  expect(await harness().query('SELECT count(*) AS n FROM attempts')).toEqual([{ n: '400' }])
  await expectConsistent(harness())
}, 60_000)

test('when the connection breaks after COMMIT was sent, the server tells how it ended', async () => {
  const proxy = await cuttingProxy(url)
  const { ledger, owner } = await openNode('proxied', proxy.url)
  await ledger.admin.putBudget(newBudget('global', { limitNanoUsd: 10n ** 15n }))
  for (let round = 0; round < 6; round += 1) {
    proxy.cutNextCommit(round % 2 === 0 ? 'after' : 'before')
    const reserve = newReserve(owner, { budgetIds: ['global'] })
    expect(await ledger.reserve(reserve)).toEqual({ kind: 'reserved' })
  }
  expect(proxy.cuts).toBe(6)
  expect(await harness().query('SELECT count(*) AS n FROM attempts')).toEqual([{ n: '6' }])
  await expectConsistent(harness())
  await Promise.all(ledgers.splice(0).map((opened) => opened.close()))
  proxy.close()
}, 60_000)

test('a batch of which nobody can say whether it was kept is not written a second time', async () => {
  const proxy = await cuttingProxy(url)
  const { ledger, owner } = await openNode('lost', proxy.url)
  const first = newReserve(owner)
  await ledger.reserve(first)
  await client.query("UPDATE requests SET finished_us = created_us, outcome = 'succeeded'")
  proxy.cutNextCommit('after')
  proxy.isAway = true
  const both = Promise.allSettled([
    ledger.reserve(newReserve(owner)),
    ledger.countRepeat({ requestId: first.attempt.requestId, savedNanoUsd: 7n }),
  ])
  // Longer than anybody asks for the end of a transaction; then the server can be reached again.
  setTimeout(() => {
    proxy.isAway = false
  }, 19_000).unref()
  expect((await both).map((result) => result.status === 'rejected' && result.reason.message)).toEqual([
    expect.stringContaining('it is not known whether it was kept'),
    expect.stringContaining('it is not known whether it was kept'),
  ])
  await expect.poll(() => ledger.admin.keys().then(() => true), { timeout: 30_000 }).toBe(true)
  expect(await harness().query('SELECT sum(duplicates_prevented) AS repeats FROM requests')).toEqual([{ repeats: '1' }])
  await Promise.all(ledgers.splice(0).map((opened) => opened.close()))
  proxy.close()
}, 120_000)

/** A TCP proxy that cuts the connection when COMMIT passes: before the server sees it, or after, swallowing the answer. */
async function cuttingProxy(target: string) {
  const { hostname, port } = new URL(target)
  const sockets = new Set<Socket>()
  const state = { cut: undefined as 'before' | 'after' | undefined, cuts: 0, isAway: false }
  const proxy: Server = createServer((incoming) => {
    if (state.isAway) {
      incoming.destroy()
      return
    }
    const outgoing = connectSocket(Number(port), hostname)
    for (const socket of [incoming, outgoing]) {
      sockets.add(socket)
      socket.on('error', () => undefined)
    }
    outgoing.on('data', (data) => incoming.write(data))
    outgoing.on('close', () => incoming.destroy())
    incoming.on('close', () => outgoing.destroy())
    incoming.on('data', (data) => {
      if (state.cut === undefined || !data.includes('COMMIT')) {
        outgoing.write(data)
        return
      }
      const where = state.cut
      state.cut = undefined
      state.cuts += 1
      outgoing.removeAllListeners('data')
      if (where === 'after') {
        outgoing.write(data)
        outgoing.once('data', () => incoming.destroy())
      } else incoming.destroy()
    })
  })
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve))
  const through = new URL(target)
  through.port = String((proxy.address() as { port: number }).port)
  return {
    url: through.href,
    cutNextCommit: (where: 'before' | 'after') => {
      state.cut = where
    },
    get cuts() {
      return state.cuts
    },
    /** Nobody gets through any more. */
    set isAway(isAway: boolean) {
      state.isAway = isAway
    },
    close: () => {
      for (const socket of sockets) socket.destroy()
      proxy.close()
    },
  }
}

const stepOf = (version: number, alone: boolean): Migration => ({
  version,
  name: 'of a later release',
  ...(alone && { alone }),
  statements: () => [`CREATE TABLE later_${version} (id bigint)`],
})
const later = (alone: boolean): readonly Migration[] => [...migrations, stepOf(schemaVersion + 1, alone)]

test('what changes every write is not migrated beside a node of an earlier release, and nothing is changed', async () => {
  const { ledger, owner } = await openNode('old')
  const migrating = migratePostgres(url, nowUs(), later(true))
  const renewing = setInterval(() => void ledger.renewNode({ ...owner, leaseMs: 60_000 }), 100)
  try {
    await expect(migrating).rejects.toMatchObject({ code: 'upgrade_blocked', message: expect.stringContaining('old') })
  } finally {
    clearInterval(renewing)
  }
  expect(await postgresSchemaVersion(url)).toBe(schemaVersion)
  const reserve = newReserve(owner)
  await ledger.reserve(reserve)
  await ledger.settle(newSettle(reserve))
  await ledger.closeNode(owner)
  expect(await migratePostgres(url, nowUs(), later(true))).toMatchObject({ applied: [{ version: schemaVersion + 1 }] })
  await expectConsistent(harness())
})

test('a node that crashed is waited for, and cannot come back afterwards', async () => {
  const { ledger, owner } = await openNode('crashed')
  await client.query('UPDATE nodes SET lease_until_us = (extract(epoch FROM clock_timestamp()) * 1000000)::bigint + 1500000')
  expect(await migratePostgres(url, nowUs(), later(true))).toMatchObject({ to: schemaVersion + 1 })
  expect(await ledger.renewNode({ ...owner, leaseMs: 60_000 })).toBe(false)
  await expect(ledger.reserve(newReserve(owner))).rejects.toMatchObject({ code: 'draining' })
})

test('a node that started before such a change and registers after it is turned away', async () => {
  const older = await open()
  await migratePostgres(url, nowUs(), later(true))
  await expect(older.openNode({ nodeId: 'older', leaseMs: 60_000 })).rejects.toMatchObject({ code: 'schema_newer' })
  expect((await client.query('SELECT node_id FROM nodes')).rows).toEqual([])
})

test('what older nodes can live with is migrated beside them', async () => {
  const { ledger, owner } = await openNode('old')
  expect(await migratePostgres(url, nowUs(), later(false))).toMatchObject({ to: schemaVersion + 1 })
  await ledger.reserve(newReserve(owner))
  expect(await ledger.renewNode({ ...owner, leaseMs: 60_000 })).toBe(true)
})
