/** How often the system took this thread's core away: on a busy machine the clock would say how long others ran. */
import { readFileSync } from 'node:fs'

/** Involuntary switches of the main thread so far; undefined where the system does not tell. */
export function involuntarySwitches(): number | undefined {
  try {
    const found = /^nonvoluntary_ctxt_switches:\s*(\d+)/m.exec(readFileSync('/proc/thread-self/status', 'utf8'))
    return found ? Number(found[1]) : undefined
  } catch {
    return undefined
  }
}
