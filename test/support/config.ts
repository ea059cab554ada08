/** Loading configuration from a folder of one's own, for tests. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type LoadedConfig, type LoadOptions, loadConfig } from '../../src/config/load.ts'
import { ConfigError, type ConfigProblem } from '../../src/config/problem.ts'

export type TestLoadOptions = Partial<Omit<LoadOptions, 'cwd'>>

export interface ConfigFolder {
  readonly cwd: string
  /** Write `halftone.yaml`, unless undefined, and load it. */
  load(yaml: string | undefined, options?: TestLoadOptions): Promise<LoadedConfig>
  /** The same, expecting that it is refused. */
  failure(yaml: string | undefined, options?: TestLoadOptions): Promise<ConfigError>
  remove(): Promise<void>
}

const providerVariables = [{ variable: 'OPENAI_API_KEY', name: 'openai', type: 'openai', enables: true }]
export const providerTypes: readonly string[] = ['openai', 'openai-compatible', 'sandbox']

export async function createConfigFolder(): Promise<ConfigFolder> {
  const cwd = await mkdtemp(join(tmpdir(), 'halftone-config-'))
  const load: ConfigFolder['load'] = async (yaml, options = {}) => {
    if (yaml !== undefined) await writeFile(join(cwd, 'halftone.yaml'), yaml)
    return loadConfig({ env: {}, cwd, providerTypes, providerVariables, ...options })
  }
  return {
    cwd,
    load,
    async failure(yaml, options) {
      const error = await load(yaml, options).then(
        () => undefined,
        (reason: unknown) => reason,
      )
      if (!(error instanceof ConfigError)) throw new Error(`Expected a ConfigError, got ${String(error)}`)
      return error
    },
    remove: () => rm(cwd, { recursive: true, force: true }),
  }
}

/** Source, position, path and message of a problem, without its remedy. */
export const brief = ({ source, line, column, path, message }: ConfigProblem): string =>
  `${source}${line === undefined ? '' : `:${line}:${column}`} ${path}: ${message}`
