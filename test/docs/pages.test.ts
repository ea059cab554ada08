import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'
import { describe, expect, test } from 'vitest'
import { clientVariables } from '../../src/config/client-environment.ts'
import { settings } from '../../src/config/environment.ts'
import { type Endpoint, endpoints } from '../../src/contract/endpoints.ts'
import { anchorsOf, linksOf, parsePage, readPages, root } from './pages.ts'

const pages = readPages()
const byPath = new Map(pages.map((page) => [page.path, page]))

/** What is wrong with a link of a page, or undefined. */
function linkProblem(from: string, link: string): string | undefined {
  const [file = '', anchor] = link.split('#')
  const path = file === '' ? from : normalize(join(dirname(from), file)).replace(/\/$/, '')
  if (!existsSync(join(root, path))) return `${from}: ${link} leads nowhere`
  const page = byPath.get(path)
  if (anchor !== undefined && page && !anchorsOf(page).has(anchor)) return `${from}: ${path} has no heading #${anchor}`
  return undefined
}

/** Variables that only tests read. */
const testVariables = (): readonly string[] =>
  readdirSync(join(root, 'test'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .flatMap((name) => readFileSync(join(root, 'test', name), 'utf8').match(/\bHALFTONE_TEST_[A-Z_]*[A-Z]\b/g) ?? [])

describe('the pages of the documentation', () => {
  test('are found', () => {
    expect(pages.length).toBeGreaterThan(15)
  })

  test('link only to files and headings that exist', () => {
    const links = pages.flatMap((page) => linksOf(page).map((link) => [page.path, link] as const))
    const local = links.filter(([, link]) => !/^(https?|mailto):/.test(link))
    expect(local.length).toBeGreaterThan(25)
    expect(local.flatMap(([from, link]) => linkProblem(from, link) ?? [])).toEqual([])
  })

  test('a dead link and a dead heading would be seen', () => {
    expect(linkProblem('README.md', 'docs/nowhere.md')).toContain('leads nowhere')
    expect(linkProblem('README.md', 'docs/reference/api.md#no-such-heading')).toContain('has no heading')
    expect(linksOf(parsePage('x.md', 'see [it](a.md#b)\n```sh\n[no](link.md)\n```\n'))).toEqual(['a.md#b'])
  })

  test('every page of guide, reference and decisions is reachable from another page', () => {
    const reached = new Set(
      pages.flatMap((page) => linksOf(page).map((link) => normalize(join(dirname(page.path), link.split('#')[0] ?? '')))),
    )
    const alone = pages
      .map(({ path }) => path)
      .filter((path) => path.startsWith('docs/') && !reached.has(path))
      // A folder link shows its own pages.
      .filter((path) => !path.startsWith('docs/decisions/'))
    expect(alone).toEqual([])
  })

  test('name no endpoint that does not exist', () => {
    const known = (Object.values(endpoints) as Endpoint[]).map(({ method, path }) => ({
      method,
      pattern: new RegExp(`^${path.replace(/\{\w+\}/g, '(\\{\\w+\\}|[^/]+)')}$`),
    }))
    const named = pages.flatMap(({ path, text }) =>
      [...text.matchAll(/\b(GET|POST|PUT|DELETE) (\/[\w/{}.:-]*[\w}])/g)].map(([, method = '', target = '']) => ({
        path,
        method,
        target,
      })),
    )
    expect(named.length).toBeGreaterThan(40)
    const unknown = named.filter(
      ({ method, target }) => !known.some((endpoint) => endpoint.method === method && endpoint.pattern.test(target)),
    )
    expect(unknown).toEqual([])
  })

  test('name no HALFTONE_ variable that is not read', () => {
    const known = new Set([
      ...settings.map(({ variable }) => variable as string),
      ...Object.keys(clientVariables),
      ...testVariables(),
    ])
    const named = pages.flatMap(({ path, text }) =>
      [...text.matchAll(/\bHALFTONE_[A-Z_]*[A-Z]\b/g)].map(([variable]) => ({ path, variable })),
    )
    expect(named.length).toBeGreaterThan(20)
    expect(named.filter(({ variable }) => !known.has(variable))).toEqual([])
  })
})
