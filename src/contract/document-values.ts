/** Value types of documents that people write: routes by API, and all of `halftone.yaml`. Messages never quote the value. */
import { z } from 'zod'
import { parseUsd } from '../core/money.ts'

const plainDecimal = /^\d+(\.\d+)?$/
const decimalError = 'must be a plain decimal such as 0.04, not negative and without exponent'

/** An exact decimal. A bare number is taken by its shortest decimal form, so it must have at most 15 digits. */
export const decimalText = z
  .union(
    [z.string().regex(plainDecimal, decimalError), z.number().refine((value) => plainDecimal.test(String(value)), decimalError)],
    {
      error: decimalError,
    },
  )
  .transform(String)
  .refine((text) => text.replace('.', '').replace(/^0+/, '').length <= 30, 'has too many digits')

/** A USD amount as nano-USD. */
export const usdAmount = decimalText
  .refine((text) => (text.split('.')[1] ?? '').length <= 9, 'is finer than a nano-dollar; use at most 9 decimals')
  .refine((text) => (text.split('.')[0] ?? '').length <= 9, 'must be below 1000000000 USD')
  .transform(parseUsd)

/** Names of providers, routes, projects, keys and budgets. */
export const objectName = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/, 'must be 1 to 64 letters, digits, ".", "_" or "-", starting with a letter or digit')

/** `publisher/name`, exact or ending in `*`. */
export const modelPattern = z
  .string()
  .regex(/^(\*|[A-Za-z0-9][\w.-]*\/([A-Za-z0-9][\w.-]*)?\*?)$/, 'must be publisher/name, exact or with a trailing *')

export const isoDate = z.iso.date({ error: 'must be a date such as 2026-01-31' })
