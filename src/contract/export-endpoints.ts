/** Exports of charges in the form of FOCUS. */
import { z } from 'zod'
import { focusVersions } from '../core/export/focus/columns.ts'
import { listOf, usdText } from './common.ts'

export const exportFormats = ['csv', 'jsonl', 'parquet'] as const
export type ExportFormat = (typeof exportFormats)[number]

/** The longest time one answer covers. */
export const MAX_EXPORT_DAYS = 400

const day = z.iso.date().describe('UTC day.')

const span = {
  from: day.describe('First day, by the time the money was incurred.'),
  to: day.describe('The day after the last.'),
  version: z.enum(focusVersions).default('1.3').describe('Version of FOCUS.'),
  sandbox: z.enum(['true', 'false']).default('false').describe('Sandbox money instead of real money; they never mix.'),
}

export const exportQuery = z.strictObject({
  ...span,
  format: z.enum(exportFormats).default('csv').describe('Decimals are exact in each: text in CSV and JSON, DECIMAL in Parquet.'),
})
export type ExportQueryInput = z.infer<typeof exportQuery>

export const exportDaysQuery = z.strictObject({
  ...span,
  sums: z.enum(['true', 'false']).default('false').describe('Also count and add up the rows, which reads them.'),
})
export type ExportDaysQuery = z.infer<typeof exportDaysQuery>

export const exportDay = z.object({
  day,
  content: z.string().describe('Changes when anything is posted to the day, however late.'),
  rows: z.int().nullable().describe('Null unless asked for, as the sums.'),
  billed_usd: usdText.nullable().describe('Sum of BilledCost.'),
  effective_usd: usdText.nullable().describe('Sum of EffectiveCost.'),
  ledger_usd: usdText.nullable().describe("Sum of x_LedgerCost: the ledger's charges."),
})
export type ExportDayWire = z.infer<typeof exportDay>

export const exportEndpoints = {
  exportFocus: {
    method: 'GET',
    path: '/v1/halftone/exports/focus',
    access: 'exports.read',
    summary: 'Charges, purchases and credits as FOCUS rows, streamed.',
    query: exportQuery,
    mediaType: 'text/csv',
  },
  listExportDays: {
    method: 'GET',
    path: '/v1/halftone/exports/focus/days',
    access: 'exports.read',
    summary: 'The days of an export that hold anything, and a mark that changes with their content.',
    query: exportDaysQuery,
    response: listOf(exportDay),
  },
} as const
