/** Post-processing steps by id. */
import type { Step } from '../ports/step.ts'
import { convert } from './convert.ts'
import { thumbnail } from './thumbnail.ts'

export const steps = { convert, thumbnail } satisfies Record<string, Step<never>>
