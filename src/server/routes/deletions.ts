/** Deleting prompts and images; what they cost stays. */
import { randomUUID } from 'node:crypto'
import type { z } from 'zod'
import type { DeletionRequest, deletionResponse } from '../../contract/deletions.ts'
import { HalftoneError } from '../../core/error.ts'
import type { ErasureSubject } from '../../ports/ledger.ts'
import type { Handler } from '../handler.ts'

export const deleteContent: Handler = async ({ context, body }): Promise<z.infer<typeof deletionResponse>> => {
  const asked = body as DeletionRequest
  const { ledger, clock } = context.services
  const subject = subjectOf(asked)
  if ('requestId' in subject && !(await ledger.read.request(subject.requestId)))
    throw new HalftoneError('not_found', `There is no request ${subject.requestId}.`, { param: 'request_id' })
  const sum = { requests: 0, running: 0, images: 0 }
  let after: string | undefined
  do {
    const erased = await ledger.erasure.erase({
      subject,
      what: asked.what,
      atUs: clock.nowUs(),
      ...(after !== undefined && { after }),
    })
    sum.requests += erased.requests
    sum.running += erased.running
    sum.images += erased.images
    after = erased.next ?? undefined
  } while (after !== undefined)
  const replacedBy = 'pseudonym' in subject && asked.what === 'all' ? subject.pseudonym : null
  return { object: 'deletion', ...sum, end_customer: 'endCustomer' in subject ? replacedBy : null, replaced_by: replacedBy }
}

function subjectOf({ request_id, end_customer, group, tag, project_id, before }: DeletionRequest): ErasureSubject {
  if (request_id !== undefined) return { requestId: request_id }
  const pseudonym = `deleted-${randomUUID()}`
  if (end_customer !== undefined) return { endCustomer: end_customer, pseudonym }
  if (group !== undefined) return { group, pseudonym }
  if (tag !== undefined) return { tag, pseudonym }
  // The schema wants the two together.
  return { projectId: project_id ?? '', beforeUs: Date.parse(before ?? '') * 1_000 }
}
