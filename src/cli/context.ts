/** What a command may touch of the process around it, passed explicitly. */
import { styleText } from 'node:util'

/** A colour or style of the terminal. */
export type Style = Parameters<typeof styleText>[0]

export interface CliContext {
  readonly env: Readonly<Record<string, string | undefined>>
  readonly cwd: string
  readonly out: Output
  /** A person can be asked: standard input and output are terminals. */
  readonly interactive: boolean
  /** Aborts at the first Ctrl-C or SIGTERM. */
  readonly signal: AbortSignal
  nowMs(): number
}

export interface Output {
  /** Columns to write within. */
  readonly width: number
  /** One line of the result, on standard output. */
  line(text?: string): void
  /** One line for the person, on standard error: notices, progress, errors. */
  note(text?: string): void
  /** The result as JSON on standard output. */
  json(value: unknown): void
  /** Coloured for standard output; plain where it is not a terminal or NO_COLOR is set. */
  paint(style: Style, text: string): string
  /** The same for standard error. */
  paintNote(style: Style, text: string): string
  /** Standard error is a terminal: a line may be redrawn. */
  readonly animated: boolean
  readonly noteStream: NodeJS.WriteStream
}

const DEFAULT_WIDTH = 80
const NARROWEST = 40

export function createOutput(stdout: NodeJS.WriteStream, stderr: NodeJS.WriteStream): Output {
  return {
    width: Math.max(NARROWEST, stdout.columns || DEFAULT_WIDTH),
    line: (text = '') => void stdout.write(`${text}\n`),
    note: (text = '') => void stderr.write(`${text}\n`),
    json: (value) => void stdout.write(`${JSON.stringify(value, null, 2)}\n`),
    paint: (style, text) => styleText(style, text, { stream: stdout }),
    paintNote: (style, text) => styleText(style, text, { stream: stderr }),
    animated: stderr.isTTY === true,
    noteStream: stderr,
  }
}
