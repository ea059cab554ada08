/** The schema of `storage.blobs`: a bucket of S3-compatible storage for images. */
import { z } from 'zod'
import { Secret } from './secret.ts'

const secret = z
  .string()
  .min(1)
  .transform((value) => new Secret(value))

export const blobsSchema = z
  .strictObject({
    type: z.literal('s3').describe('`s3`: a bucket of S3-compatible storage.'),
    bucket: z
      .string()
      .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{1,253}[A-Za-z0-9]$/, 'must be the name of a bucket')
      .describe('Name of the bucket; it has to exist, and may be private.'),
    region: z
      .string()
      .regex(/^[a-z0-9-]{1,64}$/, 'must be a region such as eu-central-1')
      .exactOptional()
      .describe('Region of the bucket; default: `AWS_REGION` or the shared configuration of AWS, with `endpoint` `us-east-1`.'),
    endpoint: z
      .string()
      .exactOptional()
      .describe('Address of a service other than AWS, such as `https://s3.example.com` or `http://minio:9000`.'),
    prefix: z
      .string()
      .max(512)
      .regex(/^(?!\/)[A-Za-z0-9!_.*'()/-]*$/, "must be letters, digits and !_.*'()-/ without a leading slash")
      .default('')
      .describe('Folder within the bucket; every installation needs its own.'),
    forcePathStyle: z
      .boolean()
      .exactOptional()
      .describe('Put the bucket into the path and not into the host name; default: with an `endpoint`.'),
    accessKeyId: secret
      .exactOptional()
      .describe(
        'Access key; default: what the tools of AWS find (`AWS_ACCESS_KEY_ID` and `AWS_SECRET_ACCESS_KEY`, shared files, the role of the machine).',
      ),
    secretAccessKey: secret.exactOptional().describe('Secret of the access key.'),
  })
  .refine(
    ({ accessKeyId, secretAccessKey }) => (accessKeyId === undefined) === (secretAccessKey === undefined),
    'needs accessKeyId and secretAccessKey together, or neither',
  )

export type BlobsSettings = z.output<typeof blobsSchema>
