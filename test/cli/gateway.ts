/** A real gateway started through the command line, in a folder of its own. */
import type { ChildProcess } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type CliOptions, type CliResult, runCli, startCli } from './run-cli.ts'

/** The sandbox without its usual delays, on any free port. */
const CONFIG = 'server: {port: 0}\nsandbox: {latencyScale: 0}\nlog: {level: error}\n'

export interface Served {
  readonly child: ChildProcess
  readonly url: string
  /** What `serve` printed until it listened. */
  readonly banner: string
  /** Everything it wrote to standard error so far. */
  stderr(): string
  /** Send SIGTERM and answer with the exit code. */
  stop(): Promise<number | null>
}

export async function makeFolder(config: string = CONFIG): Promise<string> {
  const cwd = await mkdtemp(join(tmpdir(), 'halftone-cli-'))
  await writeFile(join(cwd, 'halftone.yaml'), config)
  return cwd
}

export const removeFolder = (cwd: string): Promise<void> => rm(cwd, { recursive: true, force: true })

/** Resolves once it listens; rejects with its errors when it ends before that. */
export async function serve(cwd: string, args: readonly string[] = []): Promise<Served> {
  const child = startCli(['serve', ...args], { cwd })
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve))
  let banner = ''
  let stderr = ''
  child.stderr?.on('data', (chunk: Buffer) => {
    stderr += chunk.toString()
  })
  const url = await new Promise<string>((resolve, reject) => {
    child.stdout?.on('data', (chunk: Buffer) => {
      banner += chunk.toString()
      const [, found] = /listens on (\S+)[\s\S]*\n\n$/.exec(banner) ?? []
      if (found !== undefined) resolve(found)
    })
    void ended.then((code) => reject(new Error(`serve ended with ${code}: ${stderr}`)))
  })
  const stop = async () => {
    child.kill('SIGTERM')
    return ended
  }
  return { child, url, banner, stderr: () => stderr, stop }
}

/** Commands against it, from its folder, with its admin key. */
export const runAgainst = (
  cwd: string,
  { url }: Pick<Served, 'url'>,
  args: readonly string[],
  options: CliOptions = {},
): Promise<CliResult> => runCli(args, { ...options, cwd, env: { HALFTONE_URL: url, ...options.env } })
