import { type Command, InvalidArgumentError } from 'commander'
import { type ConfigOptions, configFlags, withConfigOptions, withJsonOption } from '../connect.ts'
import type { CliContext, Output } from '../context.ts'
import { CliError } from '../exit.ts'
import { wrap } from '../format.ts'

interface Options extends ConfigOptions {
  readonly host?: string
  readonly port?: string
  readonly json?: boolean
}

export function define(command: Command, context: CliContext): void {
  command
    .option('--host <address>', 'address to listen on (default: 127.0.0.1; 0.0.0.0 for every interface)')
    .option('--port <number>', 'port to listen on (default: 7788; 0 picks a free one)', portText)
  withJsonOption(withConfigOptions(command)).action((options: Options) => serve(context, options))
}

function portText(text: string): string {
  if (!/^\d{1,5}$/.test(text) || Number(text) > 65_535) throw new InvalidArgumentError('Write a number from 0 to 65535.')
  return text
}

/** Serve until the first signal, drain, return: the process then ends with 0. */
async function serve(context: CliContext, options: Options): Promise<void> {
  const { env, cwd, out, signal } = context
  const { tuneCollector } = await import('../../tune-collector.ts')
  tuneCollector()
  const { startHalftone } = await import('../../compose.ts')
  const flags = {
    ...configFlags(options),
    ...(options.host === undefined ? {} : { host: options.host }),
    ...(options.port === undefined ? {} : { port: options.port }),
  }
  const gateway = await startHalftone({ env, flags, cwd }).catch((error: unknown) => {
    throw startError(error)
  })
  try {
    if (options.json) {
      const { url, adminKey, banner } = gateway
      out.json({ object: 'started', url, admin_key_file: adminKey.file, admin_key_created: adminKey.created, banner })
    } else {
      // One write: whoever waits for the first line finds the rest beside it.
      out.line(bannerLines(gateway, out).join('\n'))
    }
    await untilAborted(signal)
    out.note('Stopping: running requests are finished first. Again to stop at once.')
  } finally {
    await gateway.close()
  }
}

interface Started {
  readonly url: string
  readonly adminKey: { readonly value: string; readonly created: boolean; readonly file: string | null }
  readonly banner: readonly string[]
}

/** Where it listens, what it found, and at the first start the key with a call that makes a picture. */
export function bannerLines({ url, adminKey, banner }: Started, out: Output): string[] {
  const firstSteps = [
    '',
    `${out.paint('bold', 'Admin key')}  ${adminKey.value}`,
    ...(adminKey.file === null ? [] : [out.paint('dim', `Kept in ${adminKey.file}, readable only by you.`)]),
    '',
    'Make a picture:',
    '',
    ...curlLines(url, adminKey.value),
  ]
  return [
    '',
    `${out.paint('bold', 'Halftone')} listens on ${out.paint('cyan', url)}`,
    '  The dashboard is there in a browser, the API under /v1.',
    ...banner.flatMap((line) => wrap(line, out.width - 2)).map((line) => `  ${line}`),
    ...(adminKey.created ? firstSteps : []),
    '',
  ]
}

/** Ready to paste, within 80 columns, needing nothing but curl; the answer says what it cost. */
export const curlLines = (url: string, key: string): string[] => [
  `  curl -sS ${url}/v1/images/generations \\`,
  `    -H 'Authorization: Bearer ${key}' \\`,
  "    -H 'Content-Type: application/json' \\",
  `    -d '{"prompt": "a red fox in the snow", "response_format": "url"}'`,
]

const untilAborted = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) return resolve()
    signal.addEventListener('abort', () => resolve(), { once: true })
  })

/** Why it could not start, when the operating system said so. Everything else says it itself. */
function startError(error: unknown): unknown {
  if (!(error instanceof Error)) return error
  const { code, address, port } = error as NodeJS.ErrnoException & { address?: string; port?: number }
  if (code === 'EADDRINUSE') {
    return new CliError('busy', `Port ${port ?? ''} on ${address ?? 'this address'} is taken by another process.`, {
      remedy: 'Stop that process, or choose another port: halftone serve --port 7789.',
      cause: error,
    })
  }
  if (code === 'EACCES' && port !== undefined) {
    return new CliError('failure', `This user may not listen on port ${port}.`, {
      remedy: 'Choose a port from 1024 up.',
      cause: error,
    })
  }
  if (code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND') {
    return new CliError('config', `This machine has no address ${address ?? 'of that name'} to listen on.`, {
      remedy: 'Correct --host, HALFTONE_HOST or server.host; 127.0.0.1 always works.',
      cause: error,
    })
  }
  return error
}
