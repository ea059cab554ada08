/** Deleting what people wrote and got. */
import { z } from 'zod'

export const deletionRequest = z
  .strictObject({
    request_id: z.string().min(1).max(64).optional(),
    end_customer: z
      .string()
      .min(1)
      .max(512)
      .optional()
      .describe('Everything of this end customer; the name is replaced as well.'),
    group: z.string().min(1).max(256).optional().describe('Everything of this group; the name is replaced as well.'),
    tag: z
      .strictObject({ key: z.string().min(1).max(64), value: z.string().min(1).max(512) })
      .optional()
      .describe('Everything with this value of a tag; the value is replaced as well.'),
    project_id: z.string().min(1).max(64).optional(),
    before: z.iso.datetime().optional().describe('With `project_id`: only requests made before it.'),
    what: z
      .enum(['all', 'prompts', 'images'])
      .default('all')
      .describe('`prompts`: texts and parameters; `images`: outputs and inputs.'),
  })
  .refine(
    ({ request_id, end_customer, group, tag, project_id }) =>
      [request_id, end_customer, group, tag, project_id].filter((each) => each !== undefined).length === 1,
    'needs exactly one of request_id, end_customer, group, tag and project_id',
  )
  .refine(({ project_id, before }) => (project_id === undefined) === (before === undefined), 'project_id and before go together')
export type DeletionRequest = z.infer<typeof deletionRequest>

export const deletionResponse = z.object({
  object: z.literal('deletion'),
  requests: z.int().describe('Finished requests whose content is gone.'),
  running: z.int().describe('Requests that still run: delete again when they have ended.'),
  images: z.int(),
  end_customer: z.string().nullable().describe('The name that stands for a deleted end customer in sums.'),
  replaced_by: z
    .string()
    .nullable()
    .describe('The name that stands for a deleted end customer, group or value of a tag in sums.'),
})

export const deletionEndpoints = {
  deleteContent: {
    method: 'POST',
    path: '/v1/halftone/deletions',
    access: 'settings.write',
    summary:
      'Delete prompts and images of a request, an end customer, a group, a tag, or a project before a time; money rows stay.',
    body: deletionRequest,
    response: deletionResponse,
  },
} as const
