/** Endpoints of what people said about pictures. */
import { listOf } from './common.ts'
import type { Endpoint } from './endpoints.ts'
import * as quality from './quality.ts'

export const qualityEndpoints = {
  listQuality: {
    method: 'GET',
    path: '/v1/halftone/quality',
    access: 'routes.read',
    summary: 'Which models people rejected or accepted under a floor lately, and which floors they do not meet because of it.',
    response: listOf(quality.productQuality),
  },
  resetQuality: {
    method: 'POST',
    path: '/v1/halftone/quality/reset',
    access: 'routes.write',
    summary: 'Put aside what was said about a model at one quality setting: it meets its floors again, until more is said.',
    body: quality.resetQualityRequest,
    response: listOf(quality.productQuality),
  },
} satisfies Record<string, Endpoint>
