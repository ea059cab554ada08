/** What the server needs to know of the configuration, and what a start tells a person. */
import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { FastifyInstance } from 'fastify'
import type { Config } from '../config/index.ts'
import { formatUsd } from '../core/money.ts'
import type { GatewayState } from '../gateway/state.ts'
import { baseUrlOf } from '../providers/index.ts'
import type { ServerSettings } from '../server/context.ts'

/** The part of the configuration that a reload may change under a running server. */
export function serverSettings(config: Config): ServerSettings {
  const { server, passthrough } = config
  const target = passthrough && config.providers[passthrough.provider]
  const targetUrl = target && baseUrlOf(target)
  return {
    maxBodyBytes: server.maxBodyBytes,
    maxImageBytes: server.maxImageBytes,
    maxImagePixels: server.maxImagePixels,
    ...(config.storage.recordsTtlDays !== undefined && { recordsTtlDays: config.storage.recordsTtlDays }),
    trustedProxies: server.trustedProxies,
    drainMs: server.drainSeconds * 1_000,
    sessions: {
      maxSeconds: Math.round(server.sessions.maxHours * 3_600),
      idleSeconds: Math.round(server.sessions.idleMinutes * 60),
      roles: server.oidc?.roles ?? [],
    },
    ...(server.oidc && { oidc: server.oidc }),
    ...(server.publicUrl !== undefined && { publicUrl: server.publicUrl }),
    ...(target &&
      targetUrl && {
        passthrough: {
          provider: target.name,
          unrecordedImages: passthrough.unrecordedImages,
          baseUrl: targetUrl,
          headers: () => ({
            ...(target.apiKey && { authorization: `Bearer ${target.apiKey.reveal()}` }),
            ...Object.fromEntries(Object.entries(target.headers).map(([name, value]) => [name, value.reveal()])),
          }),
        },
      }),
  }
}

/** What a person should know before the first call. */
export function bannerOf(config: Config, state: GatewayState): string[] {
  const real = [...state.providers.values()].filter((provider) => provider.type !== 'sandbox')
  if (real.length === 0)
    return ['Sandbox: pictures are drawn locally and cost nothing. Set OPENAI_API_KEY or run `halftone setup` for real ones.']
  const caps = config.budgets.filter((budget) => budget.hard && budget.scope === 'global')
  return [
    ...(config.passthrough?.unrecordedImages === 'allow'
      ? [
          'WARNING: passthrough.unrecordedImages is allow: text calls may make pictures that no ledger row and no budget knows of.',
        ]
      : []),
    `The first call spends money: ${real.map((provider) => provider.name).join(', ')}.`,
    ...(caps.length === 0
      ? ['WARNING: no spend cap. Set HALFTONE_MAX_USD_PER_DAY, such as HALFTONE_MAX_USD_PER_DAY=25.']
      : caps.map((cap) => `Spend cap: $${formatUsd(cap.limitNanoUsd)} per ${cap.period}.`)),
  ]
}

/** Where a person reaches it, also when it listens on every address. */
export function listeningUrl(app: FastifyInstance, config: Config): string {
  const { port } = app.server.address() as AddressInfo
  const host = config.server.host === '0.0.0.0' || config.server.host === '::' ? '127.0.0.1' : config.server.host
  return `http://${host.includes(':') ? `[${host}]` : host}:${port}`
}

/** `dist/web`, from the sources and from the build. */
export function findWebRoot(): string | undefined {
  const root = fileURLToPath(new URL(import.meta.url.endsWith('.ts') ? '../../dist/web/' : '../web/', import.meta.url))
  return existsSync(join(root, 'index.html')) ? root : undefined
}

/** Of the installed package. */
export async function packageVersion(): Promise<string> {
  const { version } = JSON.parse(await readFile(new URL('../../package.json', import.meta.url), 'utf8')) as { version: string }
  return version
}
