import { HalftoneError } from '../core/error.ts'

/** One thing that is wrong with the configuration. No text in it ever quotes a value: any value may be a secret. */
export interface ConfigProblem {
  /** File path as the operator wrote it, an environment variable or a `--flag`. */
  readonly source: string
  /** 1-based; absent when the source is not a file or the file as a whole is at fault. */
  readonly line?: number
  readonly column?: number
  /** `providers.openai.timeoutMs`; empty for the whole document. */
  readonly path: string
  /** What is wrong. */
  readonly message: string
  /** What to do about it. */
  readonly remedy: string
}

/** `halftone.yaml:4:9 server.port: must be a whole number. Write a number from 0 to 65535.` */
export function formatProblem(problem: ConfigProblem): string {
  const position = problem.line === undefined ? '' : `:${problem.line}:${problem.column ?? 1}`
  const path = problem.path === '' || problem.path === problem.source ? '' : ` ${problem.path}`
  return `${problem.source}${position}${path}: ${problem.message}. ${problem.remedy}`
}

/** Every problem of a configuration at once. */
export class ConfigError extends HalftoneError {
  readonly problems: readonly ConfigProblem[]

  constructor(problems: readonly ConfigProblem[]) {
    const count = problems.length === 1 ? '1 problem' : `${problems.length} problems`
    super('config_invalid', `The configuration has ${count}:\n${problems.map((it) => `  ${formatProblem(it)}`).join('\n')}`)
    this.name = 'ConfigError'
    this.problems = problems
  }
}

/** A dotted path; names that are not plain words are bracketed: `aliases["openai/dall-e-3"]`. */
export function formatPath(path: readonly PropertyKey[]): string {
  return path
    .map((part, index) => {
      if (typeof part === 'number') return `[${part}]`
      const name = shownName(String(part))
      if (!/^[\w-]+$/.test(name)) return `["${name}"]`
      return index === 0 ? name : `.${name}`
    })
    .join('')
}

/** A key as it may be shown: `apiKey:sk-...` without its blank is one long key, and holds a secret. */
function shownName(name: string): string {
  const colon = name.indexOf(':')
  if (colon >= 0) return `${name.slice(0, Math.min(colon, 40))}:...`
  if (/^(sk|pk|key)[-_]/.test(name)) return `${name.slice(0, 3)}...`
  return name.length > 64 ? `${name.slice(0, 12)}...` : name
}
