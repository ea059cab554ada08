/** Thumbnails as files, `aa/<sha256>.webp` under one folder. */
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { ThumbnailStore } from '../ports/thumbnail-store.ts'
import { DIR_MODE, FILE_MODE } from './files.ts'

export function createThumbnailFiles(dir: string): ThumbnailStore {
  const fileOf = (sha256: string): string => join(dir, sha256.slice(0, 2), `${sha256}.webp`)
  return {
    get: (sha256) => readFile(fileOf(sha256)).catch(() => undefined),
    async put(sha256, bytes) {
      const file = fileOf(sha256)
      await mkdir(dirname(file), { recursive: true, mode: DIR_MODE })
      await writeFile(`${file}.new`, bytes, { mode: FILE_MODE })
      await rename(`${file}.new`, file)
    },
    delete: (sha256) => rm(fileOf(sha256), { force: true }),
  }
}
