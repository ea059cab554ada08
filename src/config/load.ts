/** Configuration from defaults < file < environment < flags, every problem reported at once. */
import { readFile, stat } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import type { z } from 'zod'
import { type ConfigDocument, type Environment, parseConfigDocument } from './document.ts'
import { type ConfigFlags, environmentProblems, type OutsideValue, outsideValues, type ProviderVariable } from './environment.ts'
import { type Finding, findings } from './issues.ts'
import { ConfigError, type ConfigProblem, formatPath } from './problem.ts'
import { pruneToValid } from './prune.ts'
import { resolveConfig } from './resolve.ts'
import type { LoadedModule } from './resolve-context.ts'
import { isModulePath } from './resolve-providers.ts'
import { fileSchema } from './schema.ts'
import type { Config } from './types.ts'

export interface LoadOptions {
  /** `process.env`; nothing here reads it by itself. */
  readonly env: Environment
  readonly flags?: ConfigFlags
  /** Working folder: relative paths of flags and variables start here. */
  readonly cwd: string
  /** Known codec ids; other types are problems. Undefined: not checked. */
  readonly providerTypes?: readonly string[]
  /** Usual variables of keys, those to tell people first; none by default. */
  readonly providerVariables?: readonly ProviderVariable[]
  /** The schema of a type's `options`; undefined from it: the type takes none. Absent: options are not checked. */
  readonly optionsOf?: (type: string) => z.ZodType | undefined
  /** Imports an operator's module; absent: modules are not looked at. */
  readonly loadModule?: LoadModule
}

export type LoadModule = (path: string) => Promise<ModuleResult>

export type ModuleResult =
  | ({ readonly kind: 'loaded' } & Omit<LoadedModule, 'path'>)
  | { readonly kind: 'failed'; readonly message: string; readonly remedy: string }

export interface LoadedConfig {
  readonly config: Config
  /** Absolute path of the file that was read; undefined without one. */
  readonly file: string | undefined
  /** Accepted, but worth telling. */
  readonly warnings: readonly ConfigProblem[]
}

export const DEFAULT_CONFIG_FILE = 'halftone.yaml'
const MAX_FILE_BYTES = 4 * 1024 * 1024

interface FileText {
  /** As the operator wrote it. */
  readonly shown: string
  readonly path: string
  readonly text: string
  /** ISO date of the last change. */
  readonly changedAt: string
}

/** Read and check the configuration. Rejects with `ConfigError` holding every problem. */
export async function loadConfig(options: LoadOptions): Promise<LoadedConfig> {
  const { env, flags = {} } = options
  const problems: ConfigProblem[] = []
  const file = await readConfigFile(options, problems)
  const document = file && parseConfigDocument(file.text, file.shown, env)
  problems.push(...(document?.problems ?? []))
  const outside = outsideValues(env, flags)

  const data = document ? document.data : {}
  const modules = await loadModules(data, file, options)
  const result = data === undefined ? undefined : check({ options, data, document, file, outside, modules })
  problems.push(...environmentProblems(env, mentionedVariables(document, data)))
  // What is wrong with the value of an unset variable is a consequence, not another problem.
  const unset = new Set(document?.problems.map(({ path }) => path).filter(Boolean))
  problems.push(...(result?.problems ?? []).filter(({ path }) => !unset.has(path)))
  if (!result?.config || problems.length > 0) throw new ConfigError(inOrder(problems))
  return { config: result.config, file: file?.path, warnings: result.warnings }
}

interface CheckInput {
  readonly options: LoadOptions
  readonly data: unknown
  readonly document: ConfigDocument | undefined
  readonly file: FileText | undefined
  readonly outside: readonly OutsideValue[]
  readonly modules: Modules
}

interface Checked {
  readonly config: Config | undefined
  readonly problems: readonly ConfigProblem[]
  readonly warnings: readonly ConfigProblem[]
}

/** Validate the file by itself, then what the outside adds, then the rules that span keys over all that is valid. */
function check({ options, data, document, file, outside, modules }: CheckInput): Checked {
  const coerced = document ? document.coerce(data, fileSchema.safeParse(data).error?.issues ?? []) : data
  const ownIssues = fileSchema.safeParse(coerced).error?.issues ?? []
  const merged = outside.reduce<unknown>((tree, { path, value }) => withValue(tree, path, value), coerced)
  const mergedIssues = fileSchema.safeParse(merged).error?.issues ?? []

  const locate = locator({ document, file, outside })
  const problems = [
    ...findings(ownIssues, coerced).map(locator({ document, file, outside: [] })),
    ...findings(mergedIssues, merged)
      .filter(({ path }) => outside.some((it) => startsWith(path, it.path)))
      .map(locate),
    ...modules.problems.map(locate),
  ]
  const { settings, removedLists } = pruneToValid(fileSchema, merged)
  if (!settings) return { config: undefined, problems, warnings: [] }
  const setOutside = (...path: string[]): boolean => outside.some((it) => startsWith(path, it.path))
  const { config, ...resolved } = resolveConfig(settings, {
    env: options.env,
    providerVariables: options.providerVariables ?? [],
    optionsOf: options.optionsOf,
    modules: modules.loaded,
    providerTypes: options.providerTypes,
    declaredProviders: Object.keys(property(coerced, 'providers') ?? {}),
    dataDir: resolve(
      file && !setOutside('storage', 'dataDir') && hasDataDir(coerced) ? dirname(file.path) : options.cwd,
      settings.storage.dataDir,
    ),
    pricesCheckedAt: file?.changedAt ?? '1970-01-01',
    capManagedBy: setOutside('maxUsdPerDay') ? 'environment' : 'file',
  })
  // An entry taken out of a list moves those after it, so positions in that list are not known any more.
  const positioned = resolved.problems.filter(({ path }) => !removedLists.some((list) => startsWith(path, list)))
  return { config, problems: [...problems, ...positioned.map(locate)], warnings: resolved.warnings.map(locate) }
}

interface Modules {
  readonly loaded: ReadonlyMap<string, LoadedModule>
  readonly problems: readonly Finding[]
}

/** Import the modules that entries of `providers` name. What is no path at all is for the schema to refuse. */
async function loadModules(data: unknown, file: FileText | undefined, { loadModule }: LoadOptions): Promise<Modules> {
  const entries = Object.entries(property(data, 'providers') ?? {}).flatMap(([name, entry]) => {
    const module: unknown = (entry as { readonly module?: unknown } | null)?.module
    return typeof module === 'string' && isModulePath(module) && file ? [{ name, path: resolve(dirname(file.path), module) }] : []
  })
  const loaded = new Map<string, LoadedModule>()
  const problems: Finding[] = []
  for (const { name, path } of entries) {
    const result = await loadModule?.(path)
    if (result === undefined) continue
    if (result.kind === 'loaded') loaded.set(name, { ...result, path })
    else problems.push({ path: ['providers', name, 'module'], what: 'value', message: result.message, remedy: result.remedy })
  }
  return { loaded, problems }
}

const property = (value: unknown, key: string): object | undefined => {
  const inner = typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[key] : undefined
  return typeof inner === 'object' && inner !== null ? inner : undefined
}

const hasDataDir = (data: unknown): boolean => 'dataDir' in (property(data, 'storage') ?? {})

const startsWith = (path: readonly PropertyKey[], prefix: readonly PropertyKey[]): boolean =>
  prefix.every((part, index) => path[index] === part)

/** A copy of `tree` with `value` at `path`; what is not a mapping on the way is replaced. */
function withValue(tree: unknown, path: readonly string[], value: unknown): unknown {
  const [head, ...rest] = path
  if (head === undefined) return value
  const base = typeof tree === 'object' && tree !== null && !Array.isArray(tree) ? (tree as Record<string, unknown>) : {}
  return { ...base, [head]: withValue(base[head], rest, value) }
}

/** Turns findings into problems that say where the value came from. */
function locator({ document, file, outside }: Pick<CheckInput, 'document' | 'file' | 'outside'>) {
  return ({ variable, path, what, message, remedy }: Finding): ConfigProblem => {
    if (variable !== undefined) return { source: variable, path: '', message, remedy }
    const shown = formatPath(path)
    const from = outside.findLast((it) => startsWith(path, it.path))
    if (from) return { source: from.source, path: shown, message, remedy }
    if (!document || !file) return { source: shown, path: shown, message, remedy }
    return { source: file.shown, ...document.locate(path, what), path: shown, message, remedy }
  }
}

function mentionedVariables(document: ConfigDocument | undefined, data: unknown): ReadonlySet<string> {
  const mentioned = new Set(document?.variables ?? [])
  const walk = (value: unknown): void => {
    if (typeof value !== 'object' || value === null) return
    for (const [key, inner] of Object.entries(value)) {
      if (key === 'env' && typeof inner === 'string') mentioned.add(inner)
      walk(inner)
    }
  }
  walk(data)
  return mentioned
}

/** By position in the file, then the rest. */
function inOrder(problems: readonly ConfigProblem[]): readonly ConfigProblem[] {
  const distinct = [...new Map(problems.map((problem) => [JSON.stringify(problem), problem])).values()]
  const position = ({ line = Number.MAX_SAFE_INTEGER, column = 0 }: ConfigProblem): readonly [number, number] => [line, column]
  return distinct.sort((left, right) => {
    const [leftLine, leftColumn] = position(left)
    const [rightLine, rightColumn] = position(right)
    return leftLine - rightLine || leftColumn - rightColumn
  })
}

async function readConfigFile({ env, flags, cwd }: LoadOptions, problems: ConfigProblem[]): Promise<FileText | undefined> {
  const wanted = flags?.config ?? (env['HALFTONE_CONFIG'] || undefined)
  const shown = wanted ?? DEFAULT_CONFIG_FILE
  const path = resolve(cwd, shown)
  const fail = (message: string, remedy: string): undefined => {
    problems.push({ source: shown, path: '', message, remedy })
  }
  try {
    const { size, mtime } = await stat(path)
    if (size > MAX_FILE_BYTES) return fail('is larger than 4 MiB', 'Is it the right file?')
    const text = new TextDecoder('utf-8', { fatal: true }).decode(await readFile(path))
    return { shown, path, text, changedAt: mtime.toISOString().slice(0, 10) }
  } catch (error) {
    const code = (error as { code?: unknown }).code
    if (code === 'ENOENT' && wanted === undefined) return undefined
    if (code === 'ENOENT') return fail('does not exist', 'Correct HALFTONE_CONFIG or --config, or create the file.')
    if (code === 'ERR_ENCODING_INVALID_ENCODED_DATA') return fail('is not UTF-8 text', 'Save it as UTF-8.')
    return fail(`cannot be read (${String(code ?? 'unknown error')})`, 'Check the path and its permissions.')
  }
}
