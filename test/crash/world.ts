/** One ledger and the gateways on it, from the first start to the last kill. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { configurationYaml } from './configuration.ts'
import { type Database, openPostgresFacts, openSqliteFacts } from './facts.ts'
import { type GatewayProcess, startGateway } from './gateway-process.ts'
import type { Ending } from './schedule.ts'

/** A lease long enough for a busy machine to renew, short enough to wait for. */
export const LEASE_MS = 3_000

export interface Counts {
  /** Processes that were killed or paused, or lost their lease. */
  crashes: number
  kills: number
  startKills: number
  drains: number
  pauses: number
  restarts: number
}

/** A client waits no longer than this for a gateway that is starting again. */
const RESTART_LIMIT_MS = 60_000

export interface WorldOptions {
  readonly nodes: number
  readonly doubleUrl: string
  /** PostgreSQL; absent: SQLite, which takes one node only. */
  readonly database?: { readonly url: string; drop(): Promise<void> }
  /** Milliseconds that a start usually takes, kept from world to world. */
  readonly starts: { usualMs: number }
}

export interface World {
  readonly nodes: number
  readonly counts: Counts
  readonly problems: string[]
  /** Of the first node. */
  readonly dataDir: string
  /** Where it listens; while it is down, as soon as it is back. Undefined when it does not come back. */
  url(node: number): Promise<string | undefined>
  log(node: number): string
  start(node: number, killsBefore: readonly number[]): Promise<void>
  /** Do to a node what the plan says, and bring it back. */
  end(ending: Ending): Promise<void>
  /** Do what an orchestrator does: restart whoever says that it is not ready, such as a node that lost its lease. */
  restartUnready(): Promise<void>
  openDatabase(): Promise<Database>
  close(): Promise<void>
}

export async function createWorld({ nodes, doubleUrl, database, starts }: WorldOptions): Promise<World> {
  const root = await mkdtemp(join(tmpdir(), 'halftone-crash-'))
  const configFile = join(root, 'halftone.yaml')
  await writeFile(configFile, configurationYaml(doubleUrl))
  const dataDirs = Array.from({ length: nodes }, (_, node) => join(root, `node-${node}`))
  for (const dataDir of dataDirs) await mkdir(dataDir, { mode: 0o700 })
  const running = new Map<number, GatewayProcess>()
  const counts: Counts = { crashes: 0, kills: 0, startKills: 0, drains: 0, pauses: 0, restarts: 0 }
  const problems: string[] = []
  const spawn = (node: number): GatewayProcess => {
    const gateway = startGateway({
      dataDir: dataDirs[node] ?? root,
      configFile,
      ...(database && { databaseUrl: database.url, leaseMs: LEASE_MS }),
    })
    running.set(node, gateway)
    return gateway
  }
  const processOf = (node: number): GatewayProcess => {
    const gateway = running.get(node)
    if (!gateway) throw new Error(`node ${node} was never started`)
    return gateway
  }

  async function start(node: number, killsBefore: readonly number[]): Promise<void> {
    for (const share of killsBefore) {
      const gateway = spawn(node)
      await sleep(share * starts.usualMs)
      await gateway.kill()
      counts.crashes += 1
      counts.startKills += 1
    }
    const begun = performance.now()
    await spawn(node).started
    starts.usualMs = 0.7 * starts.usualMs + 0.3 * (performance.now() - begun)
  }

  async function drain(node: number): Promise<void> {
    const gateway = processOf(node)
    const code = await gateway.drain()
    if (code !== 0) problems.push(`a drained gateway ended with ${code}\n${gateway.log}`)
  }

  return {
    nodes,
    counts,
    problems,
    dataDir: dataDirs[0] ?? root,
    async url(node) {
      const deadline = performance.now() + RESTART_LIMIT_MS
      for (;;) {
        const gateway = running.get(node)
        if (gateway?.url !== undefined && !gateway.ended) return gateway.url
        if (performance.now() > deadline) return undefined
        await sleep(20)
      }
    },
    log: (node) => running.get(node)?.log ?? '',
    start,
    async end({ node, kind, startKills }) {
      const gateway = processOf(node)
      if (gateway.ended) problems.push(`a gateway ended by itself\n${gateway.log}`)
      if (kind === 'kill') {
        counts.crashes += 1
        counts.kills += 1
        await gateway.kill()
      } else if (kind === 'drain') {
        counts.drains += 1
        await drain(node)
      } else {
        // Silent for longer than its lease, then back: what it settles now comes late and must count as evidence.
        counts.crashes += 1
        counts.pauses += 1
        gateway.pause()
        await sleep(LEASE_MS * 2.5)
        gateway.resume()
        await sleep(LEASE_MS)
        await drain(node)
      }
      await start(node, startKills)
    },
    async restartUnready() {
      for (const [node, gateway] of running) {
        const response = gateway.url === undefined || gateway.ended ? undefined : await fetch(`${gateway.url}/readyz`)
        await response?.text()
        if (response?.ok) continue
        counts.restarts += 1
        counts.crashes += 1
        await drain(node)
        await start(node, [])
      }
    },
    openDatabase: async () => (database ? openPostgresFacts(database.url) : openSqliteFacts(dataDirs[0] ?? root)),
    async close() {
      for (const gateway of running.values()) {
        gateway.resume()
        await gateway.kill()
      }
      await database?.drop()
      await rm(root, { recursive: true, force: true })
    },
  }
}
