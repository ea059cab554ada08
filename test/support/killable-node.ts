/** A gateway in a process of its own, for tests that kill it and look at what the next start makes of it. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished } from 'vitest'
import { startHalftone } from '../../src/compose.ts'
import type { RequestSummaryWire } from '../../src/contract/records.ts'
import { ADMIN_KEY } from './gateway.ts'

export interface KillableNode {
  readonly url: string
  /** Replace its halftone.yaml. */
  writeConfig(config: object): Promise<void>
  /** As a crash: nothing is said, nothing is put in order. Resolves when the process is gone. */
  kill(): Promise<void>
  /** The next start over what it left, in the process of the test. */
  startAgain(): Promise<NextStart>
}

export interface NextStart {
  readonly url: string
  /** What the administrator reads there. */
  read<Answer>(path: string): Promise<Answer>
  /** The request that came last. */
  newest(): Promise<RequestSummaryWire | undefined>
  /** Resolves when that request has ended. */
  newestEnded(timeoutMs: number): Promise<void>
  /** For what it tidies up until then; else it is closed when the test has ended. */
  close(): Promise<void>
}

const authorization = `Bearer ${ADMIN_KEY}`

/** For the process and for the start after it; nothing of the test's own environment reaches them. */
const environmentIn = (folder: string): Readonly<Record<string, string>> => ({
  PATH: process.env['PATH'] ?? '',
  HALFTONE_PORT: '0',
  HALFTONE_DATA_DIR: join(folder, 'data'),
  HALFTONE_ADMIN_KEY: ADMIN_KEY,
  HALFTONE_LOG_LEVEL: 'silent',
})

/** Resolves when it listens. When the test has ended, the process, every start after it and their folder are gone. */
export async function startKillableNode(config: object): Promise<KillableNode> {
  const folder = await mkdtemp(join(tmpdir(), 'halftone-killed-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  const writeConfig = (next: object): Promise<void> => writeFile(join(folder, 'halftone.yaml'), JSON.stringify(next))
  await writeConfig(config)
  const env = environmentIn(folder)
  const node = spawn(process.execPath, [join(import.meta.dirname, '../crash/start-node.ts'), '15000'], {
    cwd: folder,
    env,
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  onTestFinished(() => kill(node))
  const url = await new Promise<string>((resolve, reject) => {
    node.stdout.once('data', (line: Buffer) => resolve((JSON.parse(line.toString()) as { url: string }).url))
    node.once('exit', (code) => reject(new Error(`the node ended with ${code}`)))
  })
  return {
    url,
    writeConfig,
    kill: () => kill(node),
    async startAgain() {
      const next = await startHalftone({ env, cwd: folder })
      let closing: Promise<void> | undefined
      const close = (): Promise<void> => {
        closing ??= next.close()
        return closing
      }
      onTestFinished(close)
      return { ...readerOf(next.url), close }
    },
  }
}

async function kill(node: ChildProcess): Promise<void> {
  if (node.exitCode !== null || node.signalCode !== null) return
  const gone = once(node, 'exit')
  node.kill('SIGKILL')
  await gone
}

function readerOf(url: string): Omit<NextStart, 'close'> {
  const read = async <Answer>(path: string): Promise<Answer> =>
    (await (await fetch(`${url}${path}`, { headers: { authorization } })).json()) as Answer
  const newest = async () => (await read<{ data: RequestSummaryWire[] }>('/v1/halftone/requests')).data[0]
  return {
    url,
    read,
    newest,
    newestEnded: (timeoutMs) =>
      expect.poll(async () => (await newest())?.finished_at ?? null, { timeout: timeoutMs }).not.toBeNull(),
  }
}

/** One request for images, by the administrator. */
export const askForImages = (url: string, body: object, headers: Readonly<Record<string, string>> = {}): Promise<Response> =>
  fetch(`${url}/v1/images/generations`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization, ...headers },
    body: JSON.stringify(body),
  })
