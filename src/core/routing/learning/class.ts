/** Under which names experience is kept: narrow first. */
import { boughtKey, type Candidate } from '../../offer.ts'
import type { PromptClass } from '../../prompt/features.ts'
import { type ImageRequest, sizeClassOf } from '../../request.ts'

/** A class of requests that an offer treats alike: what is done, how large, and what the prompt is about. */
export const requestClass = (
  candidate: Candidate,
  { operation }: Pick<ImageRequest, 'operation'>,
  promptClass: PromptClass,
): string => `${operation}/${sizeClassOf(candidate.settings.size)}/${promptClass}`

/** Candidate in this class of requests, candidate, offer: each is the prior of the one before it. */
export function experienceKeys(
  candidate: Candidate,
  request: Pick<ImageRequest, 'operation'>,
  promptClass: PromptClass = 'other',
): readonly [narrow: string, candidate: string, offer: string] {
  const key = boughtKey(candidate)
  return [`${key}|${requestClass(candidate, request, promptClass)}`, `${key}|`, candidate.offer.id]
}
