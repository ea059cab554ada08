/** What is measured: nothing in between, a bare proxy, Halftone, and Portkey's gateway. */
import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type Child, startChild } from './child.ts'

export const systemNames = ['direct', 'proxy', 'halftone', 'portkey'] as const
export type SystemName = (typeof systemNames)[number]

export interface System {
  readonly name: SystemName
  readonly port: number
  readonly headers: Readonly<Record<string, string>>
  /** Undefined for `direct`. */
  readonly pid: number | undefined
  stop(): Promise<void>
}

export interface StartOptions {
  readonly upstreamPort: number
  /** For data and logs; of this start alone. */
  readonly folder: string
  readonly core: number
  /** Flags of Node for the system itself, such as those of a profiler. */
  readonly nodeOptions?: readonly string[]
}

const ADMIN_KEY = 'ht-bench-0123456789abcdef0123456789abcdef'
export const PORTKEY_VERSION = '1.15.2'
const repository = fileURLToPath(new URL('../../', import.meta.url))
const peersFolder = fileURLToPath(new URL('../.peers/', import.meta.url))
const portkeyFolder = join(peersFolder, 'node_modules/@portkey-ai/gateway')

export function startSystem(name: SystemName, options: StartOptions): Promise<System> {
  mkdirSync(options.folder, { recursive: true })
  return starters[name](options)
}

const starters: Record<SystemName, (options: StartOptions) => Promise<System>> = {
  direct: async ({ upstreamPort }) => ({
    name: 'direct',
    port: upstreamPort,
    headers: {},
    pid: undefined,
    stop: async () => undefined,
  }),
  proxy: startProxy,
  halftone: startHalftone,
  portkey: startPortkey,
}

/** So that the bench can ask a system for a collection. No file of ours: Node's compiler for TypeScript takes a dozen megabytes. */
const COLLECT_ON_SIGNAL = `data:text/javascript,process.on('SIGUSR2', () => globalThis.gc())`

/** Every system runs on the same Node, may be asked for a collection, and is otherwise left as it comes. */
const nodeOptions = ({ nodeOptions = [] }: StartOptions): readonly string[] => [
  '--expose-gc',
  '--import',
  COLLECT_ON_SIGNAL,
  ...nodeOptions,
]

async function startProxy(options: StartOptions): Promise<System> {
  const child = startChild({
    script: './proxy.ts',
    args: [`http://127.0.0.1:${options.upstreamPort}`],
    core: options.core,
    nodeOptions: nodeOptions(options),
  })
  return running('proxy', child, await child.next<number>(), {})
}

async function startHalftone(options: StartOptions): Promise<System> {
  writeFileSync(join(options.folder, 'halftone.yaml'), halftoneConfig(options.upstreamPort))
  const port = await freePort()
  const child = startChild({
    script: join(repository, 'bin/halftone.mjs'),
    args: ['serve'],
    core: options.core,
    nodeOptions: nodeOptions(options),
    cwd: options.folder,
    logFile: join(options.folder, 'halftone.log'),
    env: {
      HALFTONE_CONFIG: join(options.folder, 'halftone.yaml'),
      HALFTONE_DATA_DIR: join(options.folder, 'data'),
      HALFTONE_PORT: String(port),
      HALFTONE_ADMIN_KEY: ADMIN_KEY,
      // A hard cap, so that every request holds money under it.
      HALFTONE_MAX_USD_PER_DAY: '1000000',
    },
  })
  await listening(port)
  return running('halftone', child, port, { authorization: `Bearer ${ADMIN_KEY}` })
}

/** Everything not named here has its default: SQLite with synced commits, images stored, thumbnails made at store time. */
const halftoneConfig = (upstreamPort: number): string => `providers:
  double:
    type: openai-compatible
    baseUrl: http://127.0.0.1:${upstreamPort}/v1
    models:
      - model: bench/noise
        operations: [generate, edit]
        maxInputs: 1
    prices:
      bench/noise: { perImage: "0.04" }
`

async function startPortkey(options: StartOptions): Promise<System> {
  installPortkey()
  const port = await freePort()
  const child = startChild({
    script: join(portkeyFolder, 'build/start-server.js'),
    args: [`--port=${port}`, '--headless'],
    core: options.core,
    nodeOptions: nodeOptions(options),
    logFile: join(options.folder, 'portkey.log'),
  })
  await listening(port)
  return running('portkey', child, port, {
    authorization: 'Bearer bench',
    'x-portkey-provider': 'openai',
    'x-portkey-custom-host': `http://127.0.0.1:${options.upstreamPort}/v1`,
  })
}

/** What users run: the sources need more memory, for the compiler that strips their types. */
export function buildHalftone(): void {
  execFileSync('npm', ['run', '--silent', 'build:server'], { cwd: repository, stdio: 'inherit' })
}

/** In a folder of its own, so that none of it is a dependency of Halftone. */
export function installPortkey(): void {
  const manifest = join(portkeyFolder, 'package.json')
  if (existsSync(manifest) && JSON.parse(readFileSync(manifest, 'utf8')).version === PORTKEY_VERSION) return
  mkdirSync(peersFolder, { recursive: true })
  writeFileSync(join(peersFolder, 'package.json'), '{ "private": true }\n')
  execFileSync('npm', ['install', '--no-audit', '--no-fund', '--ignore-scripts', `@portkey-ai/gateway@${PORTKEY_VERSION}`], {
    cwd: peersFolder,
    stdio: ['ignore', 'ignore', 'inherit'],
  })
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const address = server.address()
      server.close(() => resolve(address && typeof address === 'object' ? address.port : 0))
    })
  })
}

async function listening(port: number): Promise<void> {
  for (let attempt = 0; attempt < 600; attempt += 1) {
    const answered = await fetch(`http://127.0.0.1:${port}/`).then(
      (response) => response.arrayBuffer().then(() => true),
      () => false,
    )
    if (answered) return
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
  throw new Error(`nothing listens on port ${port}`)
}

const running = (name: SystemName, child: Child, port: number, headers: Readonly<Record<string, string>>): System => ({
  name,
  port,
  headers,
  pid: child.pid,
  stop: () => child.stop(),
})
