/** What the server is told of accounts and sets of prices that only the configuration and the data folder know. */
import type { Config, Environment } from '../config/index.ts'
import { installedVersions, loadActivePrices, readSetManifest, rollbackPrices } from '../config/price-sets.ts'
import { readVerifications, rememberResults } from '../config/verifications.ts'
import { HalftoneError } from '../core/error.ts'
import type { GatewayState } from '../gateway/state.ts'
import { ownBaseUrl } from '../providers/define-provider.ts'
import type { AccountView, PriceSets, ProviderAccounts } from '../server/accounts.ts'
import { availableTypes, examineState } from './doctor.ts'
import { definitionOf } from './modules.ts'

interface Sources {
  readonly dataDir: string
  readonly env: Environment
  /** What is in force now. */
  config(): Config
  state(): GatewayState
}

export function createProviderAccounts({ dataDir, env, config, state }: Sources): ProviderAccounts {
  const tested = new Map<string, { readonly atUs: number; readonly ok: boolean; readonly message: string }>()
  return {
    async list() {
      const { providers } = config()
      const now = state()
      return Promise.all(
        Object.values(providers).map(async (account): Promise<AccountView> => {
          const canTest = now.providers.get(account.name)?.probe !== undefined
          const probe = tested.get(account.name) ?? (canTest ? 'untested' : undefined)
          const definition = await definitionOf(account)
          const baseUrl = account.baseUrl ?? ownBaseUrl(definition, account)
          return {
            name: account.name,
            host: baseUrl === undefined ? undefined : new URL(baseUrl).host,
            exam: await examineState(account, env, account.disabled ? undefined : { state: now, probe }),
          }
        }),
      )
    },
    available: () => availableTypes(new Set(Object.values(config().providers).map(({ type }) => type)), env),
    tested: (name) => tested.get(name),
    remember: (name, result) => void tested.set(name, result),
    verifications: () => readVerifications(dataDir),
    rememberVerified: (results, at) => rememberResults(dataDir, results, at),
  }
}

export const createPriceSets = (dataDir: string): PriceSets => ({
  async list() {
    const versions = [...(await installedVersions(dataDir))].reverse()
    return Promise.all(
      versions.map(async (version) => {
        const manifest = await readSetManifest(dataDir, version).catch(() => undefined)
        return { version, date: manifest?.date, note: manifest?.note }
      }),
    )
  },
  async rollBack({ from, toShipped }) {
    const installed = await installedVersions(dataDir)
    const active = await loadActivePrices(dataDir)
    if (active.version !== from || active.origin !== 'installed' || installed.at(-1) !== from)
      throw new HalftoneError('conflict', `${active.version} (${active.origin}) is in use, not an installed set ${from}.`, {
        param: 'from',
      })
    await rollbackPrices(dataDir, { toShipped })
    const { version, origin } = await loadActivePrices(dataDir)
    return { left: from, version, origin }
  },
})
