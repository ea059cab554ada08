/** Tells when a file is another one, by looking at it. */
import { stat } from 'node:fs/promises'

export interface FileWatch {
  /** Resolves after the first look: whatever changes from then on is told. */
  ready(): Promise<void>
  close(): Promise<void>
}

export interface FileWatchOptions {
  /** May be missing, now or later. Links are followed: the file at their end counts. */
  readonly file: string
  /** Called each time the file changed and has been quiet for `settleMs`. Must not throw. */
  readonly onChange: () => void
  /** Milliseconds between two looks; default 500. */
  readonly everyMs?: number
  /** Milliseconds without a further change before it is told: nobody reads half a file; default 100. */
  readonly settleMs?: number
}

/**
 * Looks instead of listening: the system's notices get lost when a file is changed twice in a moment, on network and container mounts,
 * and when a process has no watches left; what was missed would stay missed. A look costs microseconds.
 */
export function watchFile({ file, onChange, everyMs = 500, settleMs = 100 }: FileWatchOptions): FileWatch {
  let told: string | undefined
  let last: string | undefined
  let timer: NodeJS.Timeout | undefined
  let closed = false

  const look = async (): Promise<void> => {
    const now = await fingerprint(file)
    if (closed) return
    const quiet = now === last
    last = now
    told ??= now
    if (quiet && now !== told) {
      told = now
      onChange()
    }
    timer = setTimeout(() => (looking = look()), now === told ? everyMs : settleMs).unref()
  }
  let looking = look()
  const ready = looking

  return {
    ready: () => ready,
    async close() {
      closed = true
      clearTimeout(timer)
      await looking
    },
  }
}

/** Another value for another file and for another content, also where size or times were kept by whoever wrote it. */
async function fingerprint(file: string): Promise<string> {
  try {
    const { ino, size, mtimeNs, ctimeNs } = await stat(file, { bigint: true })
    return [ino, size, mtimeNs, ctimeNs].join()
  } catch {
    // Missing or out of reach: whoever reads it says which.
    return 'gone'
  }
}
