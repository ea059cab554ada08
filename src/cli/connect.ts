/** Options of every command that talks to a running gateway, and the client made of them. */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Command } from 'commander'
import { type Client, createClient } from './client.ts'
import type { CliContext } from './context.ts'
import { CliError } from './exit.ts'

export interface ConfigOptions {
  readonly config?: string
  readonly dataDir?: string
}

export interface ConnectOptions extends ConfigOptions {
  readonly url?: string
  readonly key?: string
  readonly json?: boolean
}

/** `--config` and `--data-dir`, for commands that read the configuration. */
export const withConfigOptions = (command: Command): Command =>
  command
    .option('--config <file>', 'configuration file (default: halftone.yaml, if it exists)')
    .option('--data-dir <folder>', 'data folder (default: ./.halftone)')

export const withJsonOption = (command: Command): Command => command.option('--json', 'print JSON')

/** `--url`, `--key`, `--config`, `--data-dir` and `--json`, for commands that call the gateway. */
export const withConnectOptions = (command: Command): Command =>
  withJsonOption(
    withConfigOptions(
      command
        .option('--url <url>', 'address of the gateway (default: HALFTONE_URL, else from the configuration)')
        .option('--key <key>', 'API key (default: HALFTONE_KEY, else the admin key of the data folder)'),
    ),
  )

/** Flags as `loadConfig` takes them. */
export const configFlags = ({ config, dataDir }: ConfigOptions): { config?: string; dataDir?: string } => ({
  ...(config === undefined ? {} : { config }),
  ...(dataDir === undefined ? {} : { dataDir }),
})

/** Where the admin key made at first start is kept. */
export const adminKeyFile = (dataDir: string): string => join(dataDir, 'admin-key')

/** A client for the gateway meant by the options: option > environment > configuration. */
export async function connect(context: CliContext, options: ConnectOptions): Promise<Client> {
  const { readClientEnvironment } = await import('../config/client-environment.ts')
  const environment = readClientEnvironment(context.env)
  const url = options.url ?? environment.url
  const key = options.key ?? environment.key
  if (url !== undefined && key !== undefined) return createClient({ url: baseUrl(url), key, signal: context.signal })
  const { loadConfig } = await import('../config/index.ts')
  const { config } = await loadConfig({ env: context.env, flags: configFlags(options), cwd: context.cwd })
  return createClient({
    url: baseUrl(url ?? localUrl(config.server)),
    key: key ?? config.adminKey?.reveal() ?? (await readAdminKey(config.storage.dataDir)),
    signal: context.signal,
  })
}

/** How this machine reaches a gateway with this configuration: a wildcard address is reached by loopback. */
export function localUrl({ host, port }: { readonly host: string; readonly port: number }): string {
  const reachable = host === '0.0.0.0' ? '127.0.0.1' : host === '::' ? '::1' : host
  return `http://${reachable.includes(':') ? `[${reachable}]` : reachable}:${port}`
}

/** The key in the data folder; undefined when there is none. A file that may not be read says so. */
export async function readAdminKey(dataDir: string): Promise<string | undefined> {
  const file = adminKeyFile(dataDir)
  try {
    return (await readFile(file, 'utf8')).trim() || undefined
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined
    throw new CliError('auth', `The admin key in ${file} cannot be read (${code}).`, {
      remedy: 'Run this as the user that runs the gateway, or give a key with --key or HALFTONE_KEY.',
      cause,
    })
  }
}

function baseUrl(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url === undefined || !/^https?:$/.test(url.protocol)) {
    throw new CliError('usage', `"${text}" is not the address of a gateway.`, { remedy: 'Write it like http://127.0.0.1:7788.' })
  }
  return `${url.origin}${url.pathname.replace(/\/(v1\/?)?$/, '')}`
}
