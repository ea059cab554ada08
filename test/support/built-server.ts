/** The built package as a process of its own: `halftone serve` on a free port. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

export interface BuiltServer {
  readonly url: string
  close(): Promise<void>
}

/** `folder` is the working directory, whose `halftone.yaml` is read. Rejects with the output when it ends without starting. */
export async function startBuiltServer(folder: string, env: Readonly<Record<string, string>>): Promise<BuiltServer> {
  const bin = fileURLToPath(new URL('../../bin/halftone.mjs', import.meta.url))
  const server = spawn(process.execPath, [bin, 'serve', '--port', '0', '--json'], {
    cwd: folder,
    env: { PATH: process.env['PATH'], ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const url = await urlOf(server)
  return {
    url,
    async close() {
      server.kill('SIGTERM')
      if (server.exitCode === null) await once(server, 'exit')
    },
  }
}

function urlOf(server: ChildProcess): Promise<string> {
  let output = ''
  return new Promise((resolve, reject) => {
    server.once('exit', () => reject(new Error(`the server ended without starting:\n${output}`)))
    server.stderr?.on('data', (chunk) => {
      output += chunk
    })
    server.stdout?.on('data', (chunk) => {
      output += chunk
      const started = /"url":\s*"([^"]+)"/.exec(output)?.[1]
      if (started) resolve(started)
    })
  })
}
