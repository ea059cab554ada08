/** The documentation as data: its pages, and the fenced code, links and headings in them. */
import { readdirSync, readFileSync } from 'node:fs'
import { join, relative, resolve } from 'node:path'

export const root = resolve(import.meta.dirname, '../..')

export interface Fence {
  readonly page: string
  /** 1 for the first line of the page. */
  readonly line: number
  /** The info string: `sh`, or `yaml prometheus.yml` for a file that is not ours. */
  readonly info: string
  readonly text: string
}

export interface Page {
  /** From the root of the repository. */
  readonly path: string
  readonly text: string
  readonly fences: readonly Fence[]
  /** The text without fenced code. */
  readonly prose: string
}

/** Every page a reader may open, decisions included. */
export function readPages(): readonly Page[] {
  const inDocs = readdirSync(join(root, 'docs'), { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.md'))
  return ['README.md', 'AGENTS.md', 'CHANGELOG.md', ...inDocs.map((name) => join('docs', name))].map((path) =>
    parsePage(path, readFileSync(join(root, path), 'utf8')),
  )
}

export function parsePage(path: string, text: string): Page {
  const fences = [...text.matchAll(/^```(.*)\n([\s\S]*?)^```$/gm)].map(
    ({ index, 1: info = '', 2: code = '' }): Fence => ({
      page: relative(root, resolve(root, path)),
      line: text.slice(0, index).split('\n').length,
      info: info.trim(),
      text: code,
    }),
  )
  return { path, text, fences, prose: text.replace(/^```.*\n[\s\S]*?^```$/gm, '') }
}

/** Targets of `[text](target)`. */
export const linksOf = ({ prose }: Page): readonly string[] =>
  [...prose.matchAll(/\[[^\]]*\]\(([^)\s]+)\)/g)].map(([, target = '']) => target)

/** The anchors of a page, as GitHub makes them from headings. */
export const anchorsOf = ({ prose }: Page): ReadonlySet<string> =>
  new Set(
    [...prose.matchAll(/^#{1,6} (.+)$/gm)].map(([, heading = '']) =>
      heading
        .toLowerCase()
        .replace(/[^\p{L}\p{N}\s_-]/gu, '')
        .replaceAll(' ', '-'),
    ),
  )

/** The commands of a shell block: one per line, with continued lines joined and comments left out. */
export const commandsOf = (code: string): readonly string[] =>
  code
    .replace(/\\\n\s*/g, '')
    .split('\n')
    .map((line) => line.replace(/(^|\s)#.*$/, '').trim())
    .filter((line) => line !== '')
