import { processEnvironment } from '../config/client-environment.ts'
import { createOutput } from './context.ts'
import { run } from './program.ts'

/**
 * Run the command line given without the program's name; resolves to the exit code. The first Ctrl-C or SIGTERM aborts what
 * runs (a server drains), the second one ends the process at once.
 */
export async function main(argv: readonly string[]): Promise<number> {
  const { stdout, stderr, stdin } = process
  // A reader that has seen enough (`| head`) closes the pipe: not an error.
  stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 1))
  const stop = new AbortController()
  const onSignal = () => {
    if (stop.signal.aborted) process.exit(130)
    stop.abort()
  }
  process.on('SIGINT', onSignal)
  process.on('SIGTERM', onSignal)
  try {
    return await run(argv, {
      env: processEnvironment(),
      cwd: process.cwd(),
      out: createOutput(stdout, stderr),
      interactive: stdin.isTTY === true && stdout.isTTY === true,
      signal: stop.signal,
      nowMs: () => Date.now(),
    })
  } finally {
    process.off('SIGINT', onSignal)
    process.off('SIGTERM', onSignal)
  }
}
