/** Every bill and log that is read: one file and one line here. */
import { type ImportRow, importRow } from '../contract/imports.ts'
import { formatUsd, parseUsd } from '../core/money.ts'
import { csv } from './csv.ts'
import { fal } from './fal.ts'
import { litellm } from './litellm.ts'
import { openai } from './openai.ts'
import { openrouter } from './openrouter.ts'
import type { FormatOptions, ImportFile, ImportFormat, ImportProblem, Parsed } from './types.ts'

export const formats = { openai, fal, openrouter, litellm, csv } as const satisfies Record<string, ImportFormat>
export type FormatName = keyof typeof formats

export const isFormat = (name: string): name is FormatName => Object.hasOwn(formats, name)

/** Parse files of one format; every row that leaves is one the gateway accepts, and no evidence id stands twice. */
export function parseFiles(format: FormatName, files: readonly ImportFile[], options: FormatOptions): Parsed {
  const { rows, skipped, problems } = formats[format].parse(files, options)
  const all: ImportProblem[] = [...problems]
  const byId = new Map<string, ImportRow>()
  for (const row of rows) {
    const checked = importRow.safeParse(row)
    if (!checked.success) {
      const [issue] = checked.error.issues
      all.push({ file: row.evidence_id, at: issue?.path.join('.') ?? '', message: issue?.message ?? 'is not valid' })
      continue
    }
    const before = byId.get(row.evidence_id)
    if (!before) byId.set(row.evidence_id, row)
    else if (JSON.stringify(before) !== JSON.stringify(row)) {
      const sum = `$${formatUsd(parseUsd(before.amount_usd))} and $${formatUsd(parseUsd(row.amount_usd))}`
      all.push({ file: row.evidence_id, at: 'id', message: `stands twice with different content (${sum}).` })
    }
  }
  return { rows: [...byId.values()], skipped, problems: all }
}
