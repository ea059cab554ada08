/** What objects have in common that the API and the configuration both make. */
import { HalftoneError } from '../../core/error.ts'
import { parseUsd } from '../../core/money.ts'

/** What the configuration defines is changed there. */
export const managed = (what: string, by: string): HalftoneError =>
  new HalftoneError(
    'managed_by_file',
    `${what} is managed by ${by === 'file' ? 'halftone.yaml' : 'the environment'}; change it there.`,
  )

/** An amount of the API in nano-USD; throws `invalid_value` where it is not above 0. */
export function positiveUsd(text: string, param: string): bigint {
  const amount = parseUsd(text)
  if (amount <= 0n) throw new HalftoneError('invalid_value', `"${param}" must be above 0.`, { param })
  return amount
}

/** One namespace for ids made by the API and ids from the file; throws `invalid_value`. */
export function objectId(id: string | undefined): string {
  if (id === undefined || !/^[a-z0-9][a-z0-9._-]{0,63}$/.test(id)) {
    throw new HalftoneError('invalid_value', 'An id is 1 to 64 lower-case letters, digits, dots, dashes or underscores.', {
      param: 'id',
    })
  }
  return id
}
