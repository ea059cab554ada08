/** One gateway as a child process: started, killed, paused and drained like the real thing, because it is. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { ADMIN_KEY } from './configuration.ts'

const CLI = fileURLToPath(new URL('../cli/start-cli.ts', import.meta.url))
const NODE = fileURLToPath(new URL('./start-node.ts', import.meta.url))

/** Compiling the sources is most of a start, and the same every time. */
const COMPILED = join(tmpdir(), 'halftone-crash-compiled')

/** A start that takes longer than this has failed. */
const START_TIMEOUT_MS = 60_000
const STOP_TIMEOUT_MS = 40_000
const LOG_CHARS = 20_000

export interface GatewayOptions {
  readonly dataDir: string
  readonly configFile: string
  /** PostgreSQL instead of SQLite. */
  readonly databaseUrl?: string
  /** Absent: the real command line with its usual lease. */
  readonly leaseMs?: number
}

export interface GatewayProcess {
  /** Resolves with its address; rejects when it ended before it listened. */
  readonly started: Promise<string>
  /** Undefined until it listens. */
  readonly url: string | undefined
  readonly ended: boolean
  /** The end of what it wrote to stderr. */
  readonly log: string
  kill(): Promise<void>
  pause(): void
  resume(): void
  /** SIGTERM; resolves with the exit code, null when it had to be killed. */
  drain(): Promise<number | null>
}

export function startGateway({ dataDir, configFile, databaseUrl, leaseMs }: GatewayOptions): GatewayProcess {
  const command = leaseMs === undefined ? [CLI, 'serve', '--json'] : [NODE, String(leaseMs)]
  const child = spawn(process.execPath, ['--no-warnings', ...command], {
    cwd: dataDir,
    env: {
      PATH: process.env['PATH'] ?? '',
      NODE_COMPILE_CACHE: COMPILED,
      HALFTONE_CONFIG: configFile,
      HALFTONE_DATA_DIR: dataDir,
      HALFTONE_PORT: '0',
      HALFTONE_ADMIN_KEY: ADMIN_KEY,
      ...(databaseUrl !== undefined && { DATABASE_URL: databaseUrl }),
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  return new Child(child)
}

class Child implements GatewayProcess {
  readonly started: Promise<string>
  url: string | undefined
  log = ''
  readonly #child: ChildProcess
  readonly #exit: Promise<number | null>

  constructor(child: ChildProcess) {
    this.#child = child
    this.#exit = once(child, 'close').then(([code]) => code as number | null)
    child.stderr?.on('data', (chunk: Buffer) => {
      this.log = (this.log + chunk.toString()).slice(-LOG_CHARS)
    })
    this.started = this.#readUrl()
    // Nobody may be waiting when a start is killed on purpose.
    this.started.catch(() => undefined)
  }

  get ended(): boolean {
    return this.#child.exitCode !== null || this.#child.signalCode !== null
  }

  async kill(): Promise<void> {
    this.#child.kill('SIGKILL')
    await this.#exit
  }

  pause(): void {
    this.#child.kill('SIGSTOP')
  }

  resume(): void {
    this.#child.kill('SIGCONT')
  }

  async drain(): Promise<number | null> {
    this.#child.kill('SIGTERM')
    const timeout = new AbortController()
    const late = sleep(STOP_TIMEOUT_MS, 'late' as const, { signal: timeout.signal }).catch(() => 'stopped' as const)
    const code = await Promise.race([this.#exit, late])
    timeout.abort()
    if (typeof code !== 'string') return code
    await this.kill()
    return null
  }

  async #readUrl(): Promise<string> {
    let output = ''
    // One object, perhaps over several lines, closed by a brace of its own.
    const report = new Promise<string>((resolve) => {
      this.#child.stdout?.on('data', (chunk: Buffer) => {
        output += chunk.toString()
        if (output.endsWith('}\n')) resolve(output)
      })
    })
    const ended = this.#exit.then((code): never => {
      throw new Error(`the gateway ended with ${code} before it listened\n${this.log}`)
    })
    const timeout = new AbortController()
    const late = sleep(START_TIMEOUT_MS, undefined, { signal: timeout.signal }).then((): never => {
      throw new Error(`the gateway did not start in time\n${this.log}`)
    })
    late.catch(() => undefined)
    ended.catch(() => undefined)
    try {
      const { url } = JSON.parse(await Promise.race([report, ended, late])) as { url: string }
      this.url = url
      return url
    } finally {
      timeout.abort()
    }
  }
}
