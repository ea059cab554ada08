/** The reference pages say what the code says: nothing more, nothing less. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { generatedPages } from '../../scripts/api-reference.ts'
import { providerErrorsReference } from '../../scripts/provider-errors-reference.ts'
import { providersReference } from '../../scripts/providers-reference.ts'
import { withSection } from '../../src/config/reference.ts'
import { endpoints } from '../../src/contract/endpoints.ts'
import { requestHeaders, responseHeaders } from '../../src/contract/headers.ts'
import { errorCatalogue } from '../../src/core/error.ts'
import { warningCodes } from '../../src/core/offer.ts'
import { providers } from '../../src/providers/index.ts'
import { createServerMetrics } from '../../src/server/metrics.ts'
import { startTestGateway, type TestGateway } from '../support/gateway.ts'
import { root } from './pages.ts'

const reference = (page: string): string => readFileSync(join(root, 'docs/reference', page), 'utf8')

/** First cells of the rows of a marked section, without their code marks. */
function documentedNames(page: string, section: string): readonly string[] {
  const text = reference(page)
  const part = text.slice(text.indexOf(`<!-- ${section} -->`), text.indexOf(`<!-- /${section} -->`))
  return [...part.matchAll(/^\| `([^`]+)` \|/gm)].map(([, name = '']) => name)
}

describe('generated sections', () => {
  const sections = Object.entries(generatedPages).flatMap(([page, parts]) =>
    Object.entries(parts).map(([name, content]) => ({ page, name, content })),
  )

  test.each(sections)('$page: $name is current (else run node scripts/write-api-reference.ts)', ({ page, name, content }) => {
    const text = reference(page)
    expect(content().split('\n').length).toBeGreaterThan(4)
    expect(withSection(text, name, content())).toBe(text)
  })

  test.each([
    ['api.md', 'endpoints', Object.values(endpoints).map(({ method, path }) => `${method} ${path}`)],
    ['api.md', 'request-headers', Object.keys(requestHeaders)],
    ['api.md', 'response-headers', Object.keys(responseHeaders)],
    ['errors.md', 'errors', Object.keys(errorCatalogue)],
    ['errors.md', 'warnings', Object.keys(warningCodes)],
  ])('%s: %s lists every one and nothing else', (page, section, names) => {
    expect(names.length).toBeGreaterThan(8)
    expect(documentedNames(page, section)).toEqual(names)
  })
})

test('providers.md is current (else run node scripts/write-providers-reference.ts)', async () => {
  const sections = await providersReference()
  expect(Object.keys(sections)).toEqual(['counts', 'matrix', 'facts', 'providers'])
  for (const type of Object.keys(providers)) {
    expect(sections['matrix']).toContain(`| \`${type}\` |`)
    expect(sections['providers']).toContain(`### ${type}\n`)
  }
  const text = reference('providers.md')
  expect(Object.entries(sections).reduce((page, [name, content]) => withSection(page, name, content), text)).toBe(text)
})

test('provider-errors.md lists the errors of every provider (else run node scripts/write-providers-reference.ts)', () => {
  const { 'provider-errors': content = '' } = providerErrorsReference()
  for (const type of Object.keys(providers)) expect(content).toContain(`### ${type}\n`)
  const text = reference('provider-errors.md')
  expect(withSection(text, 'provider-errors', content)).toBe(text)
})

/** Headers that belong to browsers, proxies or the dashboard's own protection, and are described with it. */
const plumbing = new Set(['x-content-type-options', 'x-accel-buffering', 'x-halftone-csrf', 'x-forwarded'])

test('every x- header that the server reads or writes is in the table of headers', () => {
  const files = readdirSync(join(root, 'src/server'), { recursive: true, encoding: 'utf8' }).filter((name) =>
    /(?<!\.test)\.ts$/.test(name),
  )
  const source = files.map((name) => readFileSync(join(root, 'src/server', name), 'utf8')).join('\n')
  const used = new Set([...source.matchAll(/['"](x-[a-z-]+[a-z])['"]/g)].map(([, name = '']) => name))
  expect(used.size).toBeGreaterThan(10)
  const documented = new Set([...Object.keys(requestHeaders), ...Object.keys(responseHeaders), ...plumbing])
  expect([...used].filter((name) => !documented.has(name))).toEqual([])
})

describe('docs/reference/metrics.md and a running gateway', () => {
  let gateway: TestGateway
  beforeAll(async () => {
    gateway = await startTestGateway({ config: { sandbox: { latencyScale: 0 } } })
  })
  afterAll(() => gateway?.close())

  test('name the same metrics, with type, labels and meaning', async () => {
    const made = await gateway.call('/v1/images/generations', { body: { prompt: 'a fox', response_format: 'url' } })
    expect(made.status).toBe(200)
    // Counted when the connection has closed its answer.
    await expect.poll(async () => String((await gateway.call('/metrics')).body)).toContain('endpoint="createImage"')
    const text = String((await gateway.call<string>('/metrics')).body)
    const served = [...text.matchAll(/^# TYPE (\S+) /gm)].map(([, name]) => name)
    // What it reads is asked for only when it is rendered.
    const declared = createServerMetrics({} as Parameters<typeof createServerMetrics>[0]).describe()
    expect(declared.length).toBeGreaterThan(30)
    expect(served).toEqual(declared.map(({ name }) => name))
    const rows = declared.map(
      ({ name, type, labels, help }) =>
        `| \`${name}\` | ${type} | ${labels.map((label) => `\`${label}\``).join(', ')} | ${help} |`,
    )
    expect(rows.length).toBeGreaterThan(10)
    expect(reference('metrics.md').match(/^\| `.*\|$/gm)).toEqual(rows)
  })

  test('the headers of a picture are documented ones', async () => {
    const { headers } = await gateway.call('/v1/images/generations', { body: { prompt: 'a fox', response_format: 'url' } })
    const ours = [...headers.keys()].filter((name) => name.startsWith('x-halftone') || name === 'x-request-id')
    expect(ours.length).toBeGreaterThan(4)
    expect(Object.keys(responseHeaders)).toEqual(expect.arrayContaining(ours))
  })
})
