/** What everything else stands on: the data folder, the log, the ledger, and this node's place in it. */
import { randomUUID } from 'node:crypto'
import { hostname } from 'node:os'
import { type Config, type ConfigFlags, type Environment, type LoadedConfig, secretsOf } from '../config/index.ts'
import { createLog, type Log } from '../log.ts'
import type { Clock } from '../ports/clock.ts'
import type { Ledger, NodeOpening } from '../ports/ledger.ts'
import { type Acting, createActing } from '../server/acting.ts'
import { systemClock } from '../system-clock.ts'
import type { Telemetry } from '../telemetry/telemetry.ts'
import { traceLedger } from '../telemetry/traced-ledger.ts'
import { type AdminKey, openAdminKey, openDataDir, openSecrets, type Secrets } from './data.ts'
import { applyManagedObjects, openLedger } from './ledger.ts'
import { packageVersion } from './server.ts'
import { openTelemetry } from './telemetry.ts'

export interface StartOptions {
  /** Of the process, or what a test puts in its place. */
  readonly env: Environment
  readonly flags?: ConfigFlags
  readonly cwd: string
  /** How long this node may be silent before others take over its attempts; 15 seconds by default. */
  readonly leaseMs?: number
  /** How often budgets are looked at for alerts; 5 seconds by default. */
  readonly alertsEveryMs?: number
  /** What time it is; the system's by default. */
  readonly clock?: Clock
}

/** What is opened last is closed first. */
export type OnClose = (close: () => Promise<void>) => void

export interface Base extends Log {
  readonly options: StartOptions
  /** As it was at the start; what is in force now may have changed since. */
  readonly loaded: LoadedConfig
  readonly config: Config
  readonly onClose: OnClose
  readonly clock: Clock
  readonly version: string
  readonly acting: Acting
  readonly telemetry: Telemetry | undefined
  readonly ledger: Ledger
  readonly adminKey: AdminKey
  readonly secrets: Secrets
  readonly leaseMs: number
  readonly node: { readonly id: string; readonly epoch: number }
  readonly recovery: NodeOpening['recovery']
}

const LEASE_MS = 15_000

/** Opens the ledger, writes down what the file says of keys and budgets, and recovers what this node's former life left. */
export async function openBase(options: StartOptions, loaded: LoadedConfig, onClose: OnClose): Promise<Base> {
  const { config } = loaded
  await openDataDir(config.storage.dataDir)
  const { log, hide } = createLog({ level: config.log.level })
  hide(secretsOf(config))
  const acting = createActing()
  const nodeId = `${hostname()}-${randomUUID().slice(0, 8)}`
  const version = await packageVersion()
  const telemetry = await openTelemetry(config, { version, nodeId })
  if (telemetry) onClose(() => telemetry.close())
  const opened = await openLedger(config, acting.current)
  const ledger = telemetry ? traceLedger(opened, telemetry.tracer) : opened
  onClose(() => ledger.close())
  const { clock = systemClock, leaseMs = LEASE_MS } = options
  const adminKey = await openAdminKey(config, ledger, clock.nowUs())
  hide([adminKey.value])
  const secrets = await openSecrets(config)
  await applyManagedObjects(config, ledger)
  const { epoch, recovery } = await ledger.openNode({ nodeId, leaseMs })
  return {
    options,
    loaded,
    config,
    onClose,
    log,
    hide,
    clock,
    version,
    acting,
    telemetry,
    ledger,
    adminKey,
    secrets,
    leaseMs,
    node: { id: nodeId, epoch },
    recovery,
  }
}
