/** The OpenAPI 3.1 document, made from the endpoint table and its schemas. */
import { z } from 'zod'
import { errorBody } from './common.ts'
import { type Endpoint, type EndpointName, endpoints } from './endpoints.ts'
import { requestHeaders } from './headers.ts'

/** Plain JSON. */
export function openApiDocument(version: string): object {
  const paths: Record<string, Record<string, object>> = {}
  for (const [name, endpoint] of Object.entries(endpoints) as [EndpointName, Endpoint][]) {
    paths[endpoint.path] = { ...paths[endpoint.path], [endpoint.method.toLowerCase()]: operationOf(name, endpoint) }
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Halftone',
      version,
      description: 'OpenAI-compatible image-generation gateway that knows what every picture really costs.',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    paths,
    components: {
      securitySchemes: { key: { type: 'http', scheme: 'bearer' } },
      schemas: { Error: schemaOf(errorBody) },
    },
  }
}

const schemaOf = (schema: z.ZodType, io: 'input' | 'output' = 'output'): object => {
  const { $schema: _dialect, ...rest } = z.toJSONSchema(schema, { io, unrepresentable: 'any' })
  return rest
}

function operationOf(name: EndpointName, endpoint: Endpoint): object {
  const isImage = endpoint.path.startsWith('/v1/images/')
  const error = {
    description: "An error, in OpenAI's envelope.",
    content: { 'application/json': { schema: { $ref: '#/components/schemas/Error' } } },
  }
  return {
    operationId: name,
    summary: endpoint.summary,
    ...(endpoint.access !== 'none' && { security: [{ key: [] }] }),
    parameters: [...pathParameters(endpoint.path), ...queryParameters(endpoint.query), ...(isImage ? headerParameters() : [])],
    ...(endpoint.body || endpoint.multipart ? { requestBody: requestBody(endpoint) } : {}),
    responses: { '200': success(endpoint), default: error },
  }
}

const pathParameters = (path: string): object[] =>
  [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => ({ name, in: 'path', required: true, schema: { type: 'string' } }))

function queryParameters(query: z.ZodType | undefined): object[] {
  if (!query) return []
  const { properties = {}, required = [] } = schemaOf(query, 'input') as {
    properties?: Record<string, object>
    required?: string[]
  }
  return Object.entries(properties).map(([name, schema]) => ({ name, in: 'query', required: required.includes(name), schema }))
}

const headerParameters = (): object[] =>
  Object.entries(requestHeaders)
    .filter(([name]) => name !== 'authorization')
    .map(([name, description]) => ({ name, in: 'header', required: false, description, schema: { type: 'string' } }))

function requestBody(endpoint: Endpoint): object {
  const file = { type: 'string', format: 'binary' }
  const form = {
    type: 'object',
    properties: {
      image: file,
      'image[]': { type: 'array', items: file },
      mask: file,
      markup: file,
      control: file,
      prompt: { type: 'string' },
    },
    additionalProperties: true,
  }
  return {
    required: true,
    content: {
      ...(endpoint.body && { 'application/json': { schema: schemaOf(endpoint.body, 'input') } }),
      ...(endpoint.multipart && { 'multipart/form-data': { schema: form } }),
    },
  }
}

function success(endpoint: Endpoint): object {
  const mediaType = endpoint.mediaType ?? 'application/json'
  return { description: 'OK', content: { [mediaType]: { schema: endpoint.response ? schemaOf(endpoint.response) : {} } } }
}
