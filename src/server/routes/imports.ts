/** Spend that was made elsewhere. */
import type { ImportAnswer, ImportRequest, ImportRow } from '../../contract/imports.ts'
import { HalftoneError } from '../../core/error.ts'
import { formatUsd, parseUsd } from '../../core/money.ts'
import { createImports, type SpendRow } from '../../gateway/imports.ts'
import type { Handler } from '../handler.ts'

export const importSpend: Handler = async ({ context, body }): Promise<ImportAnswer> => {
  // Checked by the endpoint's schema.
  const { source, project_id: projectId = 'default', rows } = body as ImportRequest
  if (!(await context.services.ledger.admin.projects()).some(({ id }) => id === projectId)) {
    throw new HalftoneError('not_found', `There is no project "${projectId}"; make it first.`, { param: 'project_id' })
  }
  const spend = rows.map(spendOf)
  const sums = await createImports(context.services).run(source, projectId, spend)
  const amountUsd = formatUsd(spend.reduce((sum, row) => sum + row.amountNanoUsd, 0n))
  const data = { source, project_id: projectId, rows: rows.length, amount_usd: amountUsd, ...sums }
  if (sums.written + sums.corrected > 0) {
    await context.services.ledger.access.recordAudit({ action: 'import.run', objectId: source, data })
  }
  return {
    object: 'import',
    source,
    ...sums,
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
