/** Errors as a person, or a script under --json, reads them. */
import { HalftoneError } from '../core/error.ts'
import type { Output } from './context.ts'
import { CliError, type ExitName, exitOfCode, exits } from './exit.ts'
import { plain, wrap } from './format.ts'

interface Reported {
  readonly exit: ExitName
  readonly message: string
  readonly remedy?: string | undefined
  readonly code?: string | undefined
  readonly requestId?: string | undefined
  /** Only for what nobody foresaw. */
  readonly stack?: string | undefined
}

/** Print `error` on standard error and answer with the exit code. `undefined` is no error. */
export function reportError(error: unknown, out: Output, asJson: boolean): number {
  if (error === undefined) return exits.ok.code
  const reported = describe(error)
  const { code } = exits[reported.exit]
  // Everything was said already, as a diagnosis or in a dialogue.
  if (reported.message === '') return code
  if (asJson) {
    const { message, remedy, requestId } = reported
    out.note(JSON.stringify({ error: { message, remedy, code: reported.code, request_id: requestId, exit_code: code } }))
    return code
  }
  const [first = '', ...more] = paragraphs(reported.message, out.width, 'error: '.length)
  out.note(`${out.paintNote('red', 'error:')} ${first}`)
  for (const line of more) out.note(`  ${line}`)
  for (const line of wrap(reported.remedy ?? '', out.width - 2)) if (line !== '') out.note(`  ${line}`)
  if (reported.requestId) out.note(`  ${out.paintNote('dim', `request ${reported.requestId}`)}`)
  if (reported.stack) out.note(out.paintNote('dim', reported.stack))
  return code
}

/** Lines of a message that may hold several, wrapped; the first one is shortened by what stands before it. */
const paragraphs = (text: string, width: number, before: number): string[] =>
  text.split('\n').flatMap((part, index) => wrap(plain(part.trim()), width - (index === 0 ? before : 2)))

function describe(error: unknown): Reported {
  if (error instanceof CliError) {
    const { exit, message, remedy, code, requestId } = error
    return { exit, message, remedy, code, requestId }
  }
  // Raised in this process: its message says what to do. The catalogue's remedies speak to callers of the API.
  if (error instanceof HalftoneError) {
    return { exit: exitOfCode(error.code), message: error.message, code: error.code, requestId: error.requestId }
  }
  if (error instanceof Error && error.name === 'AbortError') return { exit: 'interrupted', message: 'Interrupted.' }
  if (error instanceof Error) {
    return { exit: 'failure', message: error.message, remedy: 'This is a bug in Halftone; please report it.', stack: error.stack }
  }
  return { exit: 'failure', message: String(error), remedy: 'This is a bug in Halftone; please report it.' }
}

/** The exit codes, for the end of `--help`. */
export function exitHelp(): string {
  const rows = Object.values(exits).map(({ code, meaning }) => `  ${String(code).padStart(3)}  ${meaning}`)
  return ['Exit codes:', ...rows].join('\n')
}
