/** Where pictures are saved, and saving them. */
import { access, constants, mkdir, stat, writeFile } from 'node:fs/promises'
import { basename, dirname, extname, join, resolve } from 'node:path'
import { CliError } from './exit.ts'
import { shortId } from './format.ts'

/** A place that was found writable before any money is spent. */
export interface ImageTarget {
  /** Absolute path of image `index` (from 0) of `count`. */
  pathOf(image: {
    readonly requestId: string
    readonly index: number
    readonly count: number
    readonly extension: string
  }): string
  /** Format the file name asks for: `webp` for `fox.webp`. */
  readonly format: string | undefined
}

const formatByExtension: Readonly<Record<string, string>> = {
  '.png': 'png',
  '.jpg': 'jpeg',
  '.jpeg': 'jpeg',
  '.webp': 'webp',
  '.gif': 'gif',
  '.svg': 'svg',
}

/** `-o`: a folder (existing, or ending in a slash), a file, or nothing for the current folder. */
export async function openTarget(output: string | undefined, cwd: string): Promise<ImageTarget> {
  const wanted = resolve(cwd, output ?? '.')
  const isFolder = output === undefined || /[\\/]$/.test(output) || (await isDirectory(wanted))
  const folder = isFolder ? wanted : dirname(wanted)
  await mkdir(folder, { recursive: true })
    .then(() => access(folder, constants.W_OK))
    .catch((cause: NodeJS.ErrnoException) => {
      throw new CliError('failure', `Cannot write to ${folder} (${cause.code}). Nothing was sent.`, {
        remedy: 'Choose another place with -o.',
        cause,
      })
    })
  const extension = isFolder ? '' : extname(wanted)
  const stem = basename(wanted, extension)
  return {
    format: formatByExtension[extension.toLowerCase()],
    pathOf: ({ requestId, index, count, extension: actual }) => {
      const number = count > 1 ? `-${index + 1}` : ''
      if (isFolder) return join(folder, `halftone-${shortId(requestId)}${number}.${actual}`)
      return join(folder, `${stem}${number}${extension || `.${actual}`}`)
    },
  }
}

const isDirectory = (path: string) =>
  stat(path).then(
    (it) => it.isDirectory(),
    () => false,
  )

/** The picture is paid for: when it cannot be written, the error says how to get at it. */
export async function saveImage(path: string, image: Uint8Array, requestId: string): Promise<void> {
  await writeFile(path, image).catch((cause: NodeJS.ErrnoException) => {
    throw new CliError('failure', `The picture was made but could not be written to ${path} (${cause.code}).`, {
      remedy: `The gateway keeps it for a while: \`halftone requests --json\` has its link under ${requestId}.`,
      requestId,
      cause,
    })
  })
}

/** What the bytes are, by their first ones: the name given is not proof. */
export function sniffImage(image: Uint8Array): { readonly extension: string; readonly name: string } {
  const head = Buffer.from(image.buffer, image.byteOffset, Math.min(image.byteLength, 512))
  const ascii = head.toString('latin1')
  if (ascii.startsWith('\x89PNG')) return { extension: 'png', name: 'PNG' }
  if (ascii.startsWith('\xff\xd8\xff')) return { extension: 'jpg', name: 'JPEG' }
  if (ascii.startsWith('RIFF') && ascii.slice(8, 12) === 'WEBP') return { extension: 'webp', name: 'WebP' }
  if (ascii.startsWith('GIF8')) return { extension: 'gif', name: 'GIF' }
  if (/<svg[\s>]/.test(ascii)) return { extension: 'svg', name: 'SVG' }
  return { extension: 'bin', name: 'unknown' }
}
