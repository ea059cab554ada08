import type { Command } from 'commander'
import { beforeAll, describe, expect, test } from 'vitest'
import { createOutput } from '../../src/cli/context.ts'
import { buildProgram, type CommandName, commands } from '../../src/cli/program.ts'
import { commandsOf, readPages } from './pages.ts'

interface Documented {
  readonly where: string
  /** Words after `halftone`. */
  readonly words: readonly string[]
}

const pages = readPages()

/** `halftone ...` in shell blocks, with or without npx. */
const inBlocks: readonly Documented[] = pages.flatMap(({ fences }) =>
  fences
    .filter(({ info }) => info === 'sh')
    .flatMap(({ page, line, text }) =>
      commandsOf(text).flatMap((command) => {
        const [, rest] = /^(?:[A-Z_]+=\S+ )*(?:npx )?halftone (.+)$/.exec(command) ?? []
        return rest === undefined ? [] : [{ where: `${page}:${line}`, words: wordsOf(rest) }]
      }),
    ),
)

/** `halftone ...` in running text. */
const inProse: readonly Documented[] = pages.flatMap(({ path, prose }) =>
  [...prose.matchAll(/`(?:npx\s+)?halftone\s+([^`]+)`/g)].map(([, rest = '']) => ({
    where: path,
    words: wordsOf(rest.replaceAll('\n', ' ')),
  })),
)

function wordsOf(text: string): readonly string[] {
  return [...text.matchAll(/"[^"]*"|'[^']*'|\S+/g)].map(([word]) => word)
}

/** What is wrong with a documented command line, or undefined. */
function problemOf(program: Command, { where, words }: Documented): string | undefined {
  let command = program
  for (const word of words) {
    const next = command.commands.find((it) => it.name() === word)
    if (!next) break
    command = next
  }
  if (command === program) return `${where}: there is no command ${words[0]}`
  const known = new Set(command.options.flatMap(({ short, long }) => [short, long]))
  const flag = words.find((word) => /^--?[a-z]/.test(word) && word !== '--help' && !known.has(word.split('=')[0]))
  return flag === undefined ? undefined : `${where}: halftone ${command.name()} has no option ${flag}`
}

describe('commands in the documentation', () => {
  let program: Command
  beforeAll(async () => {
    const out = createOutput(process.stdout, process.stderr)
    const context = { env: {}, cwd: '/', out, interactive: false, signal: new AbortController().signal, nowMs: () => 0 }
    program = await buildProgram(context, Object.keys(commands) as CommandName[])
  })

  test('are found', () => {
    expect(inBlocks.length).toBeGreaterThan(12)
    expect(inProse.length).toBeGreaterThan(12)
  })

  test('exist, with the options they are shown with', () => {
    expect([...inBlocks, ...inProse].flatMap((documented) => problemOf(program, documented) ?? [])).toEqual([])
  })

  test('one that does not exist would be seen', () => {
    expect(problemOf(program, { where: 'x.md', words: ['paint'] })).toBe('x.md: there is no command paint')
    expect(problemOf(program, { where: 'x.md', words: ['keys', 'create', '"a"', '--free'] })).toContain('has no option --free')
  })

  test('npm scripts named in the documentation exist', async () => {
    const { default: manifest } = await import('../../package.json', { with: { type: 'json' } })
    const named = pages.flatMap(({ path, text }) =>
      [
        ...text.matchAll(
          /\bnpm (?:run )?(start|test|bench|crash|check|format|licences|unused|types|lint|build|[a-z]+:[a-z]+)\b/g,
        ),
      ].map(([, script = '']) => ({ path, script })),
    )
    expect(named.length).toBeGreaterThan(8)
    expect(named.filter(({ script }) => !Object.hasOwn(manifest.scripts, script))).toEqual([])
  })
})
