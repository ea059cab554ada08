/** A checkout of one's own, as a reader of the README has it: the files of this tree, and what `npm ci` installed. */
import { type ChildProcess, spawn } from 'node:child_process'
import { cp, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, delimiter, join } from 'node:path'
import { freePort } from '../support/free-port.ts'
import { root } from './pages.ts'

/** The port the documentation speaks of; here it is another one, so that tests can run side by side. */
const DOCUMENTED_PORT = '7788'

export interface Finished {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

export interface Running {
  /** What it has printed so far. */
  stdout(): string
  /** As Ctrl-C in a terminal does, a signal to the whole group. Resolves when all of it has ended, with what it wrote on stderr. */
  stop(): Promise<string>
}

export interface Checkout {
  readonly folder: string
  readonly port: number
  readonly origin: string
  /** Documented text with the port of this checkout. */
  here(text: string): string
  /** Run a documented block to its end. */
  run(block: string, env?: Readonly<Record<string, string>>): Promise<Finished>
  /** Start a documented block that serves; resolves when its output has `until`. */
  start(block: string, until: string): Promise<Running>
  close(): Promise<void>
}

/** Not a reader's: results of builds and runs, and what takes no part in them. */
const leftOut = new Set(['node_modules', 'dist', '.git', '.halftone', 'test', 'bench'])

export async function createCheckout(): Promise<Checkout> {
  const folder = await mkdtemp(join(tmpdir(), 'halftone-readme-'))
  for (const name of await readdir(root)) {
    if (leftOut.has(name)) continue
    await cp(join(root, name), join(folder, name), { recursive: true, filter: (path) => !leftOut.has(basename(path)) })
  }
  await symlink(join(root, 'node_modules'), join(folder, 'node_modules'))
  const port = await freePort()
  const here = (text: string): string => text.replaceAll(DOCUMENTED_PORT, String(port))
  for (const entry of await readdir(join(folder, 'examples'), { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue
    const file = join(entry.parentPath, entry.name)
    await writeFile(file, here(await readFile(file, 'utf8')))
  }
  const children = new Set<ChildProcess>()
  const launch = (block: string, env: Readonly<Record<string, string>> = {}) => {
    // The tree is installed: that is what `npm ci` stands for here.
    const script = here(block).replace(/\bnpm ci && /, '')
    const child = spawn('sh', ['-e', '-c', script], {
      cwd: folder,
      env: { ...userEnvironment(), HALFTONE_PORT: String(port), ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    })
    children.add(child)
    const text = { stdout: '', stderr: '' }
    child.stdout.on('data', (chunk: Buffer) => {
      text.stdout += chunk.toString()
    })
    child.stderr.on('data', (chunk: Buffer) => {
      text.stderr += chunk.toString()
    })
    const ended = new Promise<number | null>((resolve, reject) => child.once('close', resolve).once('error', reject)).finally(
      () => children.delete(child),
    )
    return { child, text, ended }
  }
  return {
    folder,
    port,
    origin: `http://127.0.0.1:${port}`,
    here,
    async run(block, env) {
      const { text, ended } = launch(block, env)
      return { code: await ended, ...text }
    },
    async start(block, until) {
      const { child, text, ended } = launch(block)
      await new Promise<void>((resolve, reject) => {
        child.stdout?.on('data', () => (text.stdout.includes(until) ? resolve() : undefined))
        ended.then((code) => reject(new Error(`it ended with ${code}:\n${text.stdout}${text.stderr}`)), reject)
      })
      return {
        stdout: () => text.stdout,
        async stop() {
          signalGroup(child, 'SIGINT')
          await ended
          return text.stderr
        },
      }
    },
    async close() {
      for (const child of children) signalGroup(child, 'SIGKILL')
      await rm(folder, { recursive: true, force: true })
    },
  }
}

function signalGroup({ pid }: ChildProcess, signal: NodeJS.Signals): void {
  if (pid === undefined) return
  try {
    process.kill(-pid, signal)
  } catch {
    // It has ended by itself.
  }
}

/** The environment of a user: Node first on PATH, nothing of this run of npm, no keys. */
const userEnvironment = (): Record<string, string | undefined> => ({
  ...Object.fromEntries(
    Object.entries(process.env).filter(
      ([name]) => !/^(npm_(?!config_)|HALFTONE_|DATABASE_URL|VITEST|NODE_ENV|.*_API_KEY$)/.test(name),
    ),
  ),
  PATH: [join(root, 'node_modules/.bin'), process.env['PATH']].join(delimiter),
})
