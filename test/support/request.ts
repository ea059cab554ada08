import type { ImageRequest } from '../../src/core/request.ts'

/** A plain request for one picture, and what differs from it. */
export const requestOf = (changes: Partial<ImageRequest> = {}): ImageRequest => ({
  operation: 'generate',
  model: 'auto',
  prompt: 'a red fox',
  n: 1,
  inputs: [],
  stream: false,
  partialImages: 0,
  responseFormat: 'b64_json',
  attribution: { tags: {} },
  extraBody: {},
  ...changes,
})
