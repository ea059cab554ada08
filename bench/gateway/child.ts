/** Child processes of the bench, each tied to one core and spoken to by messages. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createWriteStream } from 'node:fs'
import { fileURLToPath } from 'node:url'

export interface ChildOptions {
  readonly core: number
  /** Path of the script, or a file of this folder. */
  readonly script: string
  readonly nodeOptions?: readonly string[]
  readonly args?: readonly string[]
  readonly env?: Readonly<Record<string, string>>
  readonly cwd?: string
  /** Where its output goes; default: to the bench's own. */
  readonly logFile?: string
}

export interface Child {
  readonly pid: number
  send(message: object): void
  /** The next message it sends. Rejects when it ends first. */
  next<T>(): Promise<T>
  stop(): Promise<void>
}

export function startChild(options: ChildOptions): Child {
  const script = options.script.startsWith('/') ? options.script : fileURLToPath(new URL(options.script, import.meta.url))
  const output = options.logFile === undefined ? 'inherit' : 'pipe'
  const child = spawn(
    'taskset',
    ['-c', String(options.core), process.execPath, ...(options.nodeOptions ?? []), script, ...(options.args ?? [])],
    { stdio: ['ignore', output, output, 'ipc'], cwd: options.cwd, env: { ...process.env, ...options.env } },
  )
  const kill = (): void => void child.kill('SIGKILL')
  process.once('exit', kill)
  child.once('exit', () => process.off('exit', kill))
  if (options.logFile !== undefined) {
    const log = createWriteStream(options.logFile, { flags: 'a' })
    child.stdout?.pipe(log)
    child.stderr?.pipe(log)
  }
  return {
    pid: child.pid ?? 0,
    send: (message) => void child.send(message),
    next: nextMessage(child, options),
    stop: () => stop(child),
  }
}

/** Messages wait in a queue, for one may come before it is asked for. */
function nextMessage(child: ChildProcess, { script, logFile }: ChildOptions): <T>() => Promise<T> {
  const arrived: unknown[] = []
  let wake: () => void = () => undefined
  let ended = false
  child.on('message', (message) => {
    arrived.push(message)
    wake()
  })
  child.once('exit', () => {
    ended = true
    wake()
  })
  return async <T>() => {
    while (arrived.length === 0) {
      if (ended) throw new Error(`${script} ended${logFile ? `: see ${logFile}` : ''}`)
      await new Promise<void>((resolve) => {
        wake = resolve
      })
    }
    return arrived.shift() as T
  }
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const exited = once(child, 'exit')
  child.kill('SIGTERM')
  const timer = setTimeout(() => child.kill('SIGKILL'), 10_000)
  await exited
  clearTimeout(timer)
}
