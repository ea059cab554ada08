/** A folder with a file per day: days that changed since are written whole, and a manifest says what each holds. */
import { createHash } from 'node:crypto'
import { createReadStream, createWriteStream } from 'node:fs'
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { z } from 'zod'
import type { ExportFormat } from '../contract/export-endpoints.ts'
import type { Client } from './client.ts'
import { CliError } from './exit.ts'

const partition = z.object({
  file: z.string(),
  content: z.string(),
  rows: z.int(),
  billed_usd: z.string(),
  effective_usd: z.string(),
  ledger_usd: z.string(),
  sha256: z.string(),
  generated_at: z.string(),
})
const manifestShape = z.object({
  version: z.string(),
  format: z.string(),
  sandbox: z.boolean(),
  days: z.record(z.string(), partition),
})
type Manifest = z.infer<typeof manifestShape>

export interface DaysExport {
  readonly folder: string
  readonly query: { readonly from: string; readonly to: string; readonly version: string; readonly sandbox?: string }
  readonly format: ExportFormat
  readonly signal: AbortSignal
}

const MANIFEST = 'manifest.json'
/** A day that is being written to may change while it is read; it is read again so often. */
const TRIES = 3

/** Write the days that are new or changed. The manifest is written last, so that a cut run is made up for by the next. */
export async function exportDays(client: Client, { folder, query, format, signal }: DaysExport) {
  await mkdir(folder, { recursive: true })
  const manifest = await readManifest(folder, query.version, format, query.sandbox === 'true')
  const { data } = await client.call('listExportDays', { query })
  const changed = data.filter(({ day, content }) => manifest.days[day]?.content !== content)
  const written: string[] = []
  for (const { day } of changed) {
    manifest.days[day] = await writeDay(client, { folder, query, format, signal }, day)
    written.push(day)
    await replace(join(folder, MANIFEST), `${JSON.stringify(manifest, null, 2)}\n`)
  }
  return { object: 'export' as const, folder, written, unchanged: data.length - changed.length }
}

async function readManifest(folder: string, version: string, format: string, sandbox: boolean): Promise<Manifest> {
  const text = await readFile(join(folder, MANIFEST), 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined
    throw error
  })
  if (text === undefined) return { version, format, sandbox, days: {} }
  const parsed = manifestShape.safeParse(JSON.parse(text))
  if (!parsed.success || parsed.data.version !== version || parsed.data.format !== format || parsed.data.sandbox !== sandbox)
    throw new CliError('usage', `${folder} holds another export.`, {
      remedy: 'Give a folder of its own to each version and format.',
    })
  return parsed.data
}

async function writeDay(client: Client, { folder, query, format, signal }: DaysExport, day: string) {
  const span = { ...query, from: day, to: nextDay(day) }
  const state = async () => (await client.call('listExportDays', { query: { ...span, sums: 'true' } })).data[0]
  let before = await state()
  for (let attempt = 0; attempt < TRIES && before; attempt += 1) {
    const file = `${day}.${format}`
    const path = join(folder, file)
    const answer = await client.open('exportFocus', { query: { ...span, format } })
    await pipeline(answer, createWriteStream(`${path}.part`), { signal })
    const after = await state()
    if (after && after.content === before.content) {
      await rename(`${path}.part`, path)
      return {
        file,
        content: after.content,
        rows: after.rows ?? 0,
        billed_usd: after.billed_usd ?? '0.00',
        effective_usd: after.effective_usd ?? '0.00',
        ledger_usd: after.ledger_usd ?? '0.00',
        sha256: await hashOf(path),
        generated_at: new Date().toISOString(),
      }
    }
    before = after
  }
  throw new CliError('failure', `${day} changes faster than it can be read.`, { remedy: 'End the export before today.' })
}

const nextDay = (day: string): string => new Date(Date.parse(day) + 86_400_000).toISOString().slice(0, 10)

async function hashOf(path: string): Promise<string> {
  const hash = createHash('sha256')
  await pipeline(createReadStream(path), hash)
  return hash.digest('hex')
}

/** Readers see the old file or the new one, never a part. */
async function replace(path: string, text: string): Promise<void> {
  await writeFile(`${path}.part`, text)
  await rename(`${path}.part`, path)
}
