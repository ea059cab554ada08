/** Spend that was made elsewhere: reading what was exported, and recording it. */
import type { ImportAnswer, ImportRequest, ImportRow, ReadImportRequest } from '../../contract/imports.ts'
import { HalftoneError } from '../../core/error.ts'
import { formatUsd, parseUsd } from '../../core/money.ts'
import { createImports, type SpendRow } from '../../gateway/imports.ts'
import { formats, isFormat } from '../../imports/index.ts'
import { type Handler, signalOf } from '../handler.ts'

export const listImportFormats: Handler = async () => ({
  object: 'list',
  data: Object.values(formats).map(({ id, summary, columns = null }) => ({ id, summary, columns })),
})

/** Nothing is kept of the files: whoever imports sends the rows back. */
export const readImport: Handler = async (call) => {
  // Checked by the endpoint's schema.
  const { format, files, provider, columns = {} } = call.body as ReadImportRequest
  if (!isFormat(format)) {
    const known = Object.keys(formats).join(', ')
    throw new HalftoneError('invalid_value', `There is no format "${format}"; there are ${known}.`, { param: 'format' })
  }
  const options = { columns: new Map(Object.entries(columns)), ...(provider !== undefined && { provider }) }
  const answer = await call.context.fileReader.read({ format, files, options }, signalOf(call))
  await call.reply
    .header('content-type', 'application/json; charset=utf-8')
    .send(Buffer.from(answer.buffer, answer.byteOffset, answer.byteLength))
  return undefined
}

export const importSpend: Handler = async ({ context, body }): Promise<ImportAnswer> => {
  // Checked by the endpoint's schema.
  const { source, project_id: projectId = 'default', rows, dry_run: dryRun = false } = body as ImportRequest
  const { services } = context
  if (!(await services.ledger.admin.projects()).some(({ id }) => id === projectId)) {
    throw new HalftoneError('not_found', `There is no project "${projectId}"; make it first.`, { param: 'project_id' })
  }
  const spend = rows.map(spendOf)
  const imports = createImports(services)
  const states = await (dryRun ? imports.look(source, spend) : imports.run(source, projectId, spend))
  const countOf = (state: (typeof states)[number]): number => states.filter((each) => each === state).length
  const sums = { written: countOf('written'), corrected: countOf('corrected'), unchanged: countOf('unchanged') }
  const amountUsd = formatUsd(spend.reduce((sum, row) => sum + row.amountNanoUsd, 0n))
  if (!dryRun && sums.written + sums.corrected > 0) {
    const data = { source, project_id: projectId, rows: rows.length, amount_usd: amountUsd, ...sums }
    await services.ledger.access.recordAudit({ action: 'import.run', objectId: source, data })
  }
  return {
    object: 'import',
    source,
    dry_run: dryRun,
    ...sums,
    states: [...states],
    images: spend.reduce((sum, row) => sum + row.images, 0),
    amount_usd: amountUsd,
  }
}

function spendOf(row: ImportRow): SpendRow {
  const [width = 0, height = 0] = row.size?.split('x').map(Number) ?? []
  return {
    evidenceId: row.evidence_id,
    atUs: Date.parse(row.at) * 1_000,
    provider: row.provider,
    model: row.model,
    operation: row.operation ?? 'generate',
    images: row.images,
    amountNanoUsd: parseUsd(row.amount_usd),
    provenance: row.provenance,
    outcome: row.outcome ?? 'succeeded',
    tags: row.tags ?? {},
    ...(row.requests !== undefined && { requests: row.requests }),
    ...(row.duration_ms !== undefined && { durationUs: row.duration_ms * 1_000 }),
    ...(row.size !== undefined && { size: { width, height } }),
    ...(row.quality !== undefined && { quality: row.quality }),
    ...(row.end_customer !== undefined && { endCustomer: row.end_customer }),
    ...(row.description !== undefined && { description: row.description }),
  }
}
