/** Post-processing steps by id. */
import type { Step } from '../ports/step.ts'
import { finish } from './finish.ts'
import { thumbnail } from './thumbnail.ts'

export const steps = { finish, thumbnail } satisfies Record<string, Step<never>>
