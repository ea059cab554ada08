/** What lives in the data folder besides ledger and images: the admin key and the node's secrets. */
import { createHmac, randomBytes } from 'node:crypto'
import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Config } from '../config/index.ts'
import { HalftoneError } from '../core/error.ts'
import type { Ledger, LedgerAdmin, NewKey } from '../ports/ledger.ts'
import { hashKey, newSecret } from '../server/key-ring.ts'

export interface AdminKey {
  readonly value: string
  /** Made at this start. */
  readonly created: boolean
  /** Null when it came from the environment. */
  readonly file: string | null
}

export interface Secrets {
  /** Seals what a sign-in elsewhere must remember on its way. */
  readonly logins: Uint8Array
  readonly urls: Uint8Array
  readonly promptHmac: Uint8Array
  readonly quotes: Uint8Array
  readonly webhooks: Uint8Array
}

/** Only its owner may look inside. */
export async function openDataDir(dataDir: string): Promise<void> {
  try {
    await mkdir(dataDir, { recursive: true, mode: 0o700 })
  } catch (cause) {
    throw new HalftoneError(
      'config_invalid',
      `The data folder ${dataDir} cannot be made; set HALFTONE_DATA_DIR to a folder you may write to.`,
      { cause },
    )
  }
}

/** From `HALFTONE_ADMIN_KEY`, else from the data folder, else made now. The ledger knows it afterwards. */
export async function openAdminKey(config: Config, ledger: Ledger, nowUs: number): Promise<AdminKey> {
  const given = config.adminKey?.reveal()
  const file = join(config.storage.dataDir, 'admin-key')
  const stored = given === undefined ? await readOptional(file) : undefined
  const value = given ?? stored?.trim() ?? newSecret().secret
  const created = given === undefined && stored === undefined
  if (created) {
    await writeFile(file, `${value}\n`, { mode: 0o600, flag: 'wx' })
    await chmod(file, 0o600)
  }
  const hash = hashKey(value)
  const key: NewKey = {
    id: `admin-${hash.slice(0, 12)}`,
    name: 'admin',
    hash,
    prefix: value.slice(0, 9),
    role: 'admin',
    projectId: 'default',
    tags: {},
    createdUs: nowUs,
    managedBy: given === undefined ? 'api' : 'environment',
  }
  if (given !== undefined) await ledger.admin.putKey(key)
  else if (!(await ledger.admin.keyByHash(hash))) await createKeyOnce(ledger.admin, key)
  await revokeFormer(ledger.admin, hash, nowUs)
  return { value, created, file: given === undefined ? file : null }
}

/** Nobody could revoke a key of the environment otherwise: who changes the variable wants the old one to be worth nothing. */
async function revokeFormer(admin: LedgerAdmin, hash: string, nowUs: number): Promise<void> {
  for (const key of await admin.keys())
    if (key.managedBy === 'environment' && key.revokedUs === null && key.hash !== hash) await admin.revokeKey(key.id, nowUs)
}

/** Create a key unless another node, starting at the same moment on the same database, was first. */
export async function createKeyOnce(admin: LedgerAdmin, key: NewKey): Promise<void> {
  await admin.createKey(key).catch(async (error: unknown) => {
    const known = error instanceof HalftoneError && error.code === 'conflict' ? await admin.keyByHash(key.hash) : undefined
    if (known?.revokedUs !== null) throw error
  })
}

/**
 * One root secret, from which each use derives its own. With an admin key from the environment it is derived from that, so
 * that several nodes accept each other's links and sessions; else it is a file of the data folder.
 */
export async function openSecrets(config: Config): Promise<Secrets> {
  const given = config.adminKey?.reveal()
  const root = given === undefined ? await rootSecret(join(config.storage.dataDir, 'node-secret')) : Buffer.from(given)
  const derive = (use: string): Uint8Array => createHmac('sha256', root).update(`halftone:${use}`).digest()
  return {
    logins: derive('logins'),
    urls: derive('urls'),
    promptHmac: derive('prompts'),
    quotes: derive('quotes'),
    webhooks: derive('webhooks'),
  }
}

async function rootSecret(file: string): Promise<Buffer> {
  const stored = await readOptional(file)
  if (stored !== undefined) return Buffer.from(stored.trim(), 'base64url')
  const made = randomBytes(32)
  await writeFile(file, `${made.toString('base64url')}\n`, { mode: 0o600, flag: 'wx' })
  return made
}

async function readOptional(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}
