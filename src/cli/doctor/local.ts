/** What can be seen on this machine, with or without a running gateway. */
import { access, constants, stat, statfs } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { Config } from '../../config/index.ts'
import { HalftoneError } from '../../core/error.ts'
import { formatUsd } from '../../core/money.ts'
import { STALE_AFTER_DAYS } from '../../core/pricing/summary.ts'
import { adminKeyFile } from '../connect.ts'
import { bytes, plural } from '../format.ts'
import type { Finding } from './finding.ts'

const NODE_NEEDED = [22, 18] as const

export function checkRuntime(version: string): Finding {
  const [major = 0, minor = 0] = version.split('.').map(Number)
  const enough = major > NODE_NEEDED[0] || (major === NODE_NEEDED[0] && minor >= NODE_NEEDED[1])
  const message = `Node ${version}`
  if (enough) return { level: 'ok', area: 'Runtime', message }
  return { level: 'wrong', area: 'Runtime', message, remedy: `Halftone needs Node ${NODE_NEEDED.join('.')} or newer.` }
}

/** The data folder: there, writable, private, and with room. */
export async function checkData({ storage, adminKey }: Config): Promise<Finding[]> {
  const { dataDir } = storage
  const folder = await stat(dataDir).catch(() => undefined)
  if (folder === undefined) {
    const parent = await nearestFolder(dirname(dataDir))
    return [
      (await isWritable(parent))
        ? { level: 'ok', area: 'Data', message: `${dataDir} does not exist yet; the first start makes it` }
        : { level: 'wrong', area: 'Data', message: `${dataDir} cannot be made: ${parent} is not writable`, remedy: chooseFolder },
      ...(await checkDisk(parent, storage)),
    ]
  }
  if (!folder.isDirectory())
    return [{ level: 'wrong', area: 'Data', message: `${dataDir} is not a folder`, remedy: chooseFolder }]
  const writable = await isWritable(dataDir)
  const rights: Finding = writable
    ? { level: 'ok', area: 'Data', message: `${dataDir} is writable` }
    : { level: 'wrong', area: 'Data', message: `${dataDir} is not writable by this user`, remedy: chooseFolder }
  const keyFindings = adminKey === undefined ? await checkKeyFile(adminKeyFile(dataDir)) : []
  return [rights, ...keyFindings, ...(await checkDisk(dataDir, storage))]
}

const chooseFolder = 'Change its rights, or choose another with HALFTONE_DATA_DIR or storage.dataDir.'

const isWritable = (path: string): Promise<boolean> =>
  access(path, constants.W_OK).then(
    () => true,
    () => false,
  )

async function nearestFolder(path: string): Promise<string> {
  const found = await stat(path).catch(() => undefined)
  return found !== undefined || dirname(path) === path ? path : nearestFolder(dirname(path))
}

async function checkKeyFile(file: string): Promise<Finding[]> {
  const found = await stat(file).catch(() => undefined)
  if (found === undefined) return []
  const open = (found.mode & 0o077) !== 0 && process.platform !== 'win32'
  if (!open) return [{ level: 'ok', area: 'Data', message: 'the admin key is readable only by its owner' }]
  return [{ level: 'wrong', area: 'Data', message: `others may read the admin key in ${file}`, remedy: `Run: chmod 600 ${file}` }]
}

async function checkDisk(path: string, { minFreeBytes, minFreeBytesDispatch, blobs }: Config['storage']): Promise<Finding[]> {
  const disk = await statfs(path).catch(() => undefined)
  if (disk === undefined) return []
  const free = disk.bavail * disk.bsize
  const message = `${bytes(free)} of disk free`
  if (free < minFreeBytesDispatch) {
    const floor = `below ${bytes(minFreeBytesDispatch)} no request is sent to a provider`
    return [{ level: 'wrong', area: 'Data', message: `${message}: ${floor}`, remedy: 'Free some space.' }]
  }
  // With a bucket no picture is stored here.
  if (blobs || free >= minFreeBytes) return [{ level: 'ok', area: 'Data', message }]
  const floor = `below ${bytes(minFreeBytes)} pictures are not stored`
  return [{ level: 'wrong', area: 'Data', message: `${message}: ${floor}`, remedy: 'Free some space.' }]
}

/** The database: reachable, free, of a schema this version knows. Opened read-only, never changed. */
export async function checkLedger(config: Config, gatewayRuns: boolean): Promise<Finding[]> {
  const { inspectLedger } = await import('../../compose/offline.ts')
  try {
    const { engine, schemaVersion, latestVersion, inUse } = await inspectLedger(config)
    return [schemaFinding(engine, schemaVersion, latestVersion), ...lockFinding(inUse, gatewayRuns)]
  } catch (error) {
    if (!(error instanceof HalftoneError)) throw error
    return [{ level: 'wrong', area: 'Ledger', message: error.message, remedy: 'Check the address, the rights and that it runs.' }]
  }
}

function schemaFinding(engine: string, version: number, latest: number): Finding {
  const area = 'Ledger'
  if (version === 0) return { level: 'ok', area, message: `${engine}: empty; the first start sets it up` }
  if (version === latest) return { level: 'ok', area, message: `${engine}, schema version ${version}` }
  const message = `${engine} has schema version ${version}, this version of Halftone has ${latest}`
  if (version < latest)
    return { level: 'notice', area, message, remedy: 'The next start migrates it, or run `halftone migrate`.' }
  return { level: 'wrong', area, message, remedy: 'Upgrade Halftone: a newer one migrated this database.' }
}

function lockFinding(inUse: boolean, gatewayRuns: boolean): Finding[] {
  if (!inUse || gatewayRuns) return []
  return [
    {
      level: 'notice',
      area: 'Ledger',
      message: 'another process uses the data folder, but no gateway answers at the configured address',
      remedy: 'It may be starting, or listen elsewhere: give its address with --url.',
    },
  ]
}

/** Which book is used, and how old it is for the providers in use: a stale price of one that is not configured harms nobody. */
export async function checkPrices(
  { providers, storage }: Pick<Config, 'providers' | 'storage'>,
  nowMs: number,
): Promise<Finding[]> {
  const { priceSources } = await import('../../compose/offline.ts')
  const area = 'Prices'
  const enabled = Object.values(providers).filter((provider) => !provider.disabled)
  const used = new Set(['sandbox', ...enabled.map((provider) => provider.type)])
  try {
    const { version, origin, books, stale, oldest } = await priceSources({ storage }, used, nowMs * 1000)
    const inUse = `price book ${version} (${origin}), ${plural(books, 'file')} in use, the oldest source checked on ${oldest ?? 'no day'}`
    return [
      { level: 'ok', area, message: inUse },
      ...stale.map(
        ({ provider, rates, checkedAt, ageDays }): Finding => ({
          level: 'notice',
          area,
          message: `${plural(rates, 'rate')} of ${provider} stale: not checked for more than ${STALE_AFTER_DAYS} days, the oldest on ${checkedAt}, ${ageDays} days ago`,
          remedy: 'Run `halftone prices update`, or set the prices you know under providers.<name>.prices.',
        }),
      ),
    ]
  } catch (error) {
    if (!(error instanceof HalftoneError)) throw error
    return [{ level: 'wrong', area, message: error.message, remedy: 'Correct the file, or run `halftone prices rollback`.' }]
  }
}

/** Whether anything stops spending. */
export function checkCaps({ budgets, providers }: Config): Finding[] {
  const enabled = Object.values(providers).filter((provider) => !provider.disabled)
  const caps = budgets.filter((budget) => budget.hard && budget.scope === 'global')
  const area = 'Caps'
  if (caps.length > 0) {
    return caps.map(({ limitNanoUsd, period }) => ({
      level: 'ok',
      area,
      message: `hard cap of $${formatUsd(limitNanoUsd)} per ${period}`,
    }))
  }
  if (enabled.length === 0) return [{ level: 'ok', area, message: 'none needed: only the sandbox answers, which spends nothing' }]
  return [
    {
      level: 'notice',
      area,
      message: 'nothing limits what is spent',
      remedy: 'Set HALFTONE_MAX_USD_PER_DAY, or maxUsdPerDay in halftone.yaml.',
    },
  ]
}
