/** Replacing the admin key: through the running gateway while the old key works, else in the stopped gateway's ledger. */
import { chmod, rename, writeFile } from 'node:fs/promises'
import type { Config } from '../config/index.ts'
import { type Client, createClient } from './client.ts'
import { adminKeyFile, type ConfigOptions, configFlags, localUrl, readAdminKey } from './connect.ts'
import type { CliContext } from './context.ts'
import { CliError } from './exit.ts'

export interface NewAdminKey {
  readonly secret: string
  readonly file: string
}

export async function resetAdminKey(context: CliContext, options: ConfigOptions): Promise<NewAdminKey> {
  const { env, cwd, signal } = context
  const { loadConfig } = await import('../config/index.ts')
  const { config } = await loadConfig({ env, cwd, flags: configFlags(options) })
  if (config.adminKey !== undefined) {
    throw new CliError('config', 'The admin key is given by HALFTONE_ADMIN_KEY.', {
      remedy: 'Change that variable and restart the gateway, or unset it and repeat this.',
    })
  }
  const key = await readAdminKey(config.storage.dataDir)
  const client = createClient({ url: localUrl(config.server), key, signal })
  const old = await currentAdmin(client)
  const file = adminKeyFile(config.storage.dataDir)
  if (old.kind === 'admin') return replaceThroughGateway(client, old.keyId, file)
  if (old.kind === 'refused' && config.storage.databaseUrl === undefined) {
    throw new CliError('busy', 'The gateway runs and the old admin key does not open it, so the ledger cannot be reached.', {
      remedy: 'Stop the gateway, repeat this, and start it again.',
    })
  }
  return replaceInLedger(config, file)
}

type Current = { readonly kind: 'admin'; readonly keyId: string } | { readonly kind: 'refused' | 'stopped' }

async function currentAdmin(client: Client): Promise<Current> {
  try {
    const session = await client.call('getSession')
    return session.role === 'admin' ? { kind: 'admin', keyId: session.key_id } : { kind: 'refused' }
  } catch (error) {
    if (error instanceof CliError && error.exit === 'noGateway') return { kind: 'stopped' }
    if (error instanceof CliError && error.exit === 'auth') return { kind: 'refused' }
    throw error
  }
}

/** The new key is in the file before the old one stops working: at no moment is there none. */
async function replaceThroughGateway(client: Client, oldId: string, file: string): Promise<NewAdminKey> {
  const { secret } = await client.call('createKey', { body: { name: 'admin', role: 'admin' } })
  await writeAdminKey(file, secret)
  await client.call('revokeKey', { path: { id: oldId } })
  return { secret, file }
}

async function replaceInLedger(config: Config, file: string): Promise<NewAdminKey> {
  const { replaceAdminKey } = await import('../compose/offline.ts')
  return replaceAdminKey(config, (secret) => writeAdminKey(file, secret)).then((secret) => ({ secret, file }))
}

/** Readable only by its owner from the first byte, and never half written. */
async function writeAdminKey(file: string, secret: string): Promise<void> {
  const draft = `${file}.new`
  await writeFile(draft, `${secret}\n`, { mode: 0o600 })
  await chmod(draft, 0o600)
  await rename(draft, file)
}
