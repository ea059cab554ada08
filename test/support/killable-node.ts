/** A gateway in a process of its own, for tests that kill it and look at what the next start makes of it. */
import { type ChildProcess, spawn } from 'node:child_process'
import { join } from 'node:path'
import { ADMIN_KEY } from './gateway.ts'

/** For the process and for the start after it; nothing of the test's own environment reaches them. */
export const killableEnv = (folder: string): Readonly<Record<string, string>> => ({
  PATH: process.env['PATH'] ?? '',
  HALFTONE_PORT: '0',
  HALFTONE_DATA_DIR: join(folder, 'data'),
  HALFTONE_ADMIN_KEY: ADMIN_KEY,
  HALFTONE_LOG_LEVEL: 'silent',
})

/** Resolves when it listens. `folder` holds its halftone.yaml. */
export async function startKillableNode(folder: string): Promise<{ readonly node: ChildProcess; readonly url: string }> {
  const node = spawn(process.execPath, [join(import.meta.dirname, '../crash/start-node.ts'), '15000'], {
    cwd: folder,
    env: killableEnv(folder),
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const url = await new Promise<string>((resolve, reject) => {
    node.stdout.once('data', (line: Buffer) => resolve((JSON.parse(line.toString()) as { url: string }).url))
    node.once('exit', (code) => reject(new Error(`the node ended with ${code}`)))
  })
  return { node, url }
}
