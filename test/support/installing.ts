/** Programs the tests need, installed where they are missing. */
import { spawn } from 'node:child_process'
import { constants } from 'node:fs'
import { access, mkdir, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

/** No installation takes longer. */
export const INSTALL_TIMEOUT_MS = 300_000

const isRoot = process.getuid?.() === 0

export async function isExecutable(path: string): Promise<boolean> {
  try {
    await access(path, constants.X_OK)
    return (await stat(path)).isFile()
  } catch {
    return false
  }
}

/** As root on Debian and its kin: undefined once they are installed, else what was said. Elsewhere nothing is tried. */
export async function installDebianPackages(packages: readonly string[]): Promise<string | undefined> {
  if (!isRoot || !(await isExecutable('/usr/bin/apt-get'))) return ''
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
  const updated = await run('apt-get', ['update', '-q'], env)
  const installed = await run('apt-get', ['install', '-y', '-q', '--no-install-recommends', ...packages], env)
  return installed === '' ? undefined : updated + installed
}

/** Empty when it ended well, else the end of what it said. */
export function run(command: string, args: readonly string[], env: NodeJS.ProcessEnv): Promise<string> {
  return new Promise((resolve) => {
    const child = spawn(command, args, { env, stdio: ['ignore', 'pipe', 'pipe'] })
    let tail = ''
    const keep = (chunk: Buffer) => {
      tail = (tail + chunk.toString()).slice(-2_000)
    }
    child.stdout.on('data', keep)
    child.stderr.on('data', keep)
    child.on('error', (error) => resolve(`${command}: ${error.message}\n`))
    child.on('close', (code) => resolve(code === 0 ? '' : `${command} ${args.join(' ')} ended with ${code}:\n${tail}\n`))
  })
}

/** One installer at a time on a machine; a lock older than any installation takes belonged to a process that died. */
export async function oneInstaller<T>(action: () => Promise<T>): Promise<T> {
  const release = await acquireLock(join(tmpdir(), 'halftone-install.lock'))
  try {
    return await action()
  } finally {
    await release()
  }
}

async function acquireLock(lock: string): Promise<() => Promise<void>> {
  for (;;) {
    try {
      await mkdir(lock)
      return () => rm(lock, { recursive: true, force: true })
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
      const { mtimeMs } = await stat(lock).catch(() => ({ mtimeMs: Date.now() }))
      if (Date.now() - mtimeMs > INSTALL_TIMEOUT_MS) await rm(lock, { recursive: true, force: true })
      await sleep(500)
    }
  }
}
