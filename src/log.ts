/** The log: JSON lines without keys, cookies, signatures and prompts, whoever writes them. */
import { type Logger, pino } from 'pino'

export interface LogOptions {
  readonly level: string
  /** Where lines go; standard error when absent. */
  readonly destination?: { write(line: string): void }
}

export interface Log {
  readonly log: Logger
  /** From now on these values never appear, wherever they come from. */
  hide(secrets: readonly string[]): void
}

const REDACTED = '[redacted]'
/** Fields that are not written, at the top and one level below. */
const HIDDEN = ['authorization', 'cookie', 'prompt', 'apiKey', 'password', 'secret', 'headers', 'body', 'params', 'parameters']
/** Shorter ones would hide ordinary words. */
const SHORTEST_SECRET = 8
const MOST_CAUSES = 5

export function createLog({ level, destination }: LogOptions): Log {
  const secrets = new Set<string>()
  let known: readonly string[] = []
  const options = {
    level,
    redact: { paths: HIDDEN.flatMap((name) => [name, `*.${name}`]), censor: REDACTED },
    serializers: { err: (error: unknown) => plainError(error, MOST_CAUSES) },
    hooks: { streamWrite: (line: string) => scrub(line, known) },
  }
  return {
    log: destination ? pino(options, destination) : pino(options, pino.destination(2)),
    hide(more) {
      for (const secret of more.filter(({ length }) => length >= SHORTEST_SECRET))
        for (const form of [secret, JSON.stringify(secret).slice(1, -1), encodeURIComponent(secret)]) secrets.add(form)
      // The longest first, so that nothing is left of one that begins with another.
      known = [...secrets].sort((left, right) => right.length - left.length)
    },
  }
}

/** What a line may hold by accident: a text from elsewhere quotes a key, or a link is its own credential. */
function scrub(line: string, known: readonly string[]): string {
  let text = line
  for (const secret of known) text = text.replaceAll(secret, REDACTED)
  return text
    .replaceAll(/\b(Bearer|Basic|Key|Token) +[\w.~+/=-]{8,}/gi, `$1 ${REDACTED}`)
    .replaceAll(/\b(sk|ht|key|whsec|xox[abps])[-_][\w-]{12,}/g, REDACTED)
    .replaceAll(/(\w+:\/\/[^\s"'\\?#<>]+)\?[^\s"'\\<>]*/g, `$1?${REDACTED}`)
    .replaceAll(/(\w+:\/\/)[^\s"'\\/@<>]+@/g, `$1${REDACTED}@`)
    .replaceAll(/\/v1\/halftone\/(images|thumbnails)\/[\w-]+/g, `/v1/halftone/$1/${REDACTED}`)
}

interface PlainError {
  readonly type: string
  readonly code?: string
  readonly message?: string
  readonly stack?: string
  readonly cause?: PlainError
}

/** Errors whose text is our own; that of others may quote a client or a provider, as a parser quotes what it read. */
const ownTrouble: ReadonlySet<string> = new Set([
  'config_invalid',
  'data_dir_locked',
  'schema_newer',
  'storage_failed',
  'storage_full',
  'storage_unavailable',
])

/**
 * What helps to find a fault: class, code and place. Other members of errors hold whatever their makers liked, such as the statement and its
 * values. The text is left out where it may quote a client or a provider: then the code and the ledger tell it.
 */
function plainError(error: unknown, depth: number): PlainError {
  if (!(error instanceof Error)) return { type: typeof error }
  const code: unknown = 'code' in error ? error.code : undefined
  const { cause } = error
  const quotes = error.name === 'SyntaxError' || (error.name === 'HalftoneError' && !ownTrouble.has(String(code)))
  const frames = (error.stack ?? '').split('\n').filter((line) => /^\s+at /.test(line))
  return {
    type: error.name,
    ...(typeof code === 'string' && { code }),
    ...(!quotes && { message: error.message }),
    ...(frames.length > 0 && { stack: frames.join('\n') }),
    ...(cause !== undefined && depth > 0 && { cause: plainError(cause, depth - 1) }),
  }
}
