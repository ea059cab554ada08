/** The environment variables and flags that set configuration keys. */
import { nearMatches } from '../core/near-match.ts'
import { clientVariables } from './client-environment.ts'
import type { Environment } from './document.ts'
import type { ConfigProblem } from './problem.ts'

/** One key that can be set from outside the file. */
export interface Setting {
  readonly variable: string
  /** Its command-line flag without dashes. */
  readonly flag?: string
  /** Where it stands in the file; absent for what only the environment can set. */
  readonly path?: readonly string[]
  readonly number?: true
  readonly description: string
}

export const settings = [
  {
    variable: 'HALFTONE_CONFIG',
    flag: 'config',
    description: 'Configuration file; default: `halftone.yaml` in the working folder, if it exists.',
  },
  { variable: 'HALFTONE_HOST', flag: 'host', path: ['server', 'host'], description: 'Address to listen on.' },
  { variable: 'HALFTONE_PORT', flag: 'port', path: ['server', 'port'], number: true, description: 'Port to listen on.' },
  {
    variable: 'HALFTONE_PUBLIC_URL',
    path: ['server', 'publicUrl'],
    description: 'How clients reach this gateway.',
  },
  {
    variable: 'HALFTONE_DATA_DIR',
    flag: 'dataDir',
    path: ['storage', 'dataDir'],
    description: 'Data folder; relative to the working folder.',
  },
  {
    variable: 'DATABASE_URL',
    path: ['storage', 'databaseUrl'],
    description: 'PostgreSQL instead of SQLite.',
  },
  { variable: 'HALFTONE_ADMIN_KEY', description: 'The admin key, at least 16 characters; default: one is made at first start.' },
  {
    variable: 'HALFTONE_MAX_USD_PER_DAY',
    path: ['maxUsdPerDay'],
    description: 'Hard spend cap per UTC day.',
  },
  { variable: 'HALFTONE_LOG_LEVEL', path: ['log', 'level'], description: 'Least log level written.' },
  {
    variable: 'OTEL_EXPORTER_OTLP_ENDPOINT',
    path: ['telemetry', 'endpoint'],
    description: 'Collector of traces and metrics; set, it switches telemetry on.',
  },
  {
    variable: 'OTEL_EXPORTER_OTLP_HEADERS',
    path: ['telemetry', 'headers'],
    description: 'Headers of exports, `name=value,...`.',
  },
  { variable: 'OTEL_SDK_DISABLED', path: ['telemetry', 'disabled'], description: '`true` switches telemetry off.' },
  { variable: 'OTEL_SERVICE_NAME', path: ['telemetry', 'serviceName'], description: '`service.name` of spans and metrics.' },
  { variable: 'OTEL_RESOURCE_ATTRIBUTES', path: ['telemetry', 'resource'], description: 'More attributes, `name=value,...`.' },
  { variable: 'OTEL_TRACES_SAMPLER_ARG', path: ['telemetry', 'sampleRatio'], description: 'Share of traces that are kept.' },
  {
    variable: 'OTEL_METRIC_EXPORT_INTERVAL',
    path: ['telemetry', 'metricsEveryMs'],
    number: true,
    description: 'Milliseconds between exports of metrics.',
  },
] as const satisfies readonly Setting[]

/** Values of command-line flags, as typed. */
export type ConfigFlags = Readonly<Partial<Record<Extract<(typeof settings)[number], { flag: string }>['flag'], string>>>

/** A usual variable of a vendor's own tools; the first of a type that is set is its key unless the file says otherwise. */
export interface ProviderVariable {
  readonly variable: string
  /** The configured name it gets. */
  readonly name: string
  /** The codec's id. */
  readonly type: string
  /** A key is all it takes: set, the variable enables the provider. Else the file has to say more, such as an address. */
  readonly enables: boolean
}

/** A value from outside the file, and where it came from. */
export interface OutsideValue {
  readonly source: string
  readonly path: readonly string[]
  readonly value: string | number
}

/** The values set by environment and flags, flags last so that they win. */
export function outsideValues(env: Environment, flags: ConfigFlags): readonly OutsideValue[] {
  const all: readonly Setting[] = settings
  const pick = (source: (setting: Setting) => string, read: (setting: Setting) => string | undefined) =>
    all.flatMap((setting): OutsideValue[] => {
      const text = read(setting)
      // An empty variable is reported once, as such.
      if (!text || setting.path === undefined) return []
      const value = setting.number && /^\d{1,15}$/.test(text) ? Number(text) : text
      return [{ source: source(setting), path: setting.path, value }]
    })
  const flagValues: Readonly<Record<string, string | undefined>> = flags
  return [
    ...pick(
      (setting) => setting.variable,
      (setting) => env[setting.variable],
    ),
    ...pick(
      (setting) => flagName(setting.flag ?? ''),
      (setting) => (setting.flag ? flagValues[setting.flag] : undefined),
    ),
  ]
}

/** `dataDir` -> `--data-dir`. */
export const flagName = (flag: string): string => `--${flag.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`

/** Misspelt or empty variables. `mentioned`: variables the file refers to, whatever their names. */
export function environmentProblems(env: Environment, mentioned: ReadonlySet<string>): ConfigProblem[] {
  const own: readonly string[] = settings.map(({ variable }) => variable)
  const known = [...own, ...Object.keys(clientVariables)]
  return Object.entries(env).flatMap(([name, value]): ConfigProblem[] => {
    if (value === undefined) return []
    if (own.includes(name)) {
      // Their specification reads an empty one as unset.
      if (value !== '' || name.startsWith('OTEL_')) return []
      return [{ source: name, path: '', message: 'is set but empty', remedy: 'Give it a value or unset it.' }]
    }
    if (!name.startsWith('HALFTONE_') || known.includes(name) || mentioned.has(name)) return []
    const near = nearMatches(name, known, 1)[0]
    const remedy = near === undefined ? `Unset it; known are ${known.join(', ')}.` : `Did you mean ${near}?`
    return [{ source: name, path: '', message: 'is not a known variable', remedy }]
  })
}
