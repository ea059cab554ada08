/** What a person sees while waiting: one redrawn line on a terminal, nothing elsewhere. */
import type { Output } from './context.ts'
import { clip } from './format.ts'

export interface Progress {
  /** Replace the text behind the clock. */
  say(text: string): void
  /** Steps done, for work that knows how much there is. */
  step(done: number, total: number): void
  /** How much is done, 0 to 1, for work that somebody else measures. */
  percent(share: number): void
  /** Remove the line. Idempotent. */
  stop(): void
}

const FRAMES = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'] as const
const BAR_WIDTH = 16

const silent: Progress = { say: () => {}, step: () => {}, percent: () => {}, stop: () => {} }

/** Start the line; `quiet` (as under --json) and a standard error that is no terminal show nothing. */
export async function startProgress(out: Output, text: string, quiet: boolean): Promise<Progress> {
  if (quiet || !out.animated) return silent
  const { SingleBar } = (await import('cli-progress')).default
  const startedMs = performance.now()
  let label = text
  let bounded = false
  let share: number | undefined
  const bar = new SingleBar({
    stream: out.noteStream,
    clearOnComplete: true,
    hideCursor: true,
    fps: 10,
    // Some terminals are resized while one waits; the line must never wrap, or redrawing leaves traces.
    linewrap: false,
    format: (_options, params) => {
      const seconds = Math.floor((performance.now() - startedMs) / 1000)
      const frame = FRAMES[Math.floor(performance.now() / 100) % FRAMES.length] ?? ''
      const filled = Math.round((share ?? params.progress) * BAR_WIDTH)
      const figure = share === undefined ? `${params.value}/${params.total}` : `${Math.floor(share * 100)} %`
      const gauge = bounded ? `${'━'.repeat(filled)}${'─'.repeat(BAR_WIDTH - filled)} ${figure}  ` : ''
      return clip(`${frame} ${seconds} s  ${gauge}${label}`, (out.noteStream.columns || out.width) - 1)
    },
  })
  bar.start(1, 0)
  return {
    say: (next) => {
      label = next
    },
    step: (done, total) => {
      bounded = true
      bar.setTotal(total)
      bar.update(done)
    },
    percent: (done) => {
      bounded = true
      share = done
    },
    stop: () => bar.stop(),
  }
}
