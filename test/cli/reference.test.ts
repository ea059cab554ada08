import { readFileSync } from 'node:fs'
import type { Command } from 'commander'
import { beforeAll, describe, expect, test } from 'vitest'
import { createOutput } from '../../src/cli/context.ts'
import { exits } from '../../src/cli/exit.ts'
import { buildProgram, type CommandName, commands } from '../../src/cli/program.ts'

const reference = readFileSync(new URL('../../docs/reference/cli.md', import.meta.url), 'utf8')

/** `generate` -> the lines of its table, as documented. */
function documented(): Map<string, string[]> {
  const sections = reference.split(/^### `halftone /m).slice(1)
  return new Map(
    sections.map((section) => {
      const name = section.slice(0, section.indexOf('`'))
      return [name, section.match(/^\| `.*\|$/gm) ?? []]
    }),
  )
}

function declared(command: Command, path: string): [name: string, rows: string[]][] {
  return command.commands.flatMap((it) => {
    const name = `${path} ${it.name()}`.trim()
    const rows = [
      ...it.registeredArguments.map(
        (argument) => `| \`${argument.required ? `<${argument.name()}>` : `[${argument.name()}]`}\` | ${argument.description} |`,
      ),
      ...it.options.map((option) => `| \`${option.flags}\` | ${option.description} |`),
    ]
    return [[name, rows], ...declared(it, name)] as [string, string[]][]
  })
}

let program: Command
beforeAll(async () => {
  const out = createOutput(process.stdout, process.stderr)
  const context = { env: {}, cwd: '/', out, interactive: false, signal: new AbortController().signal, nowMs: () => 0 }
  program = await buildProgram(context, Object.keys(commands) as CommandName[])
})

describe('docs/reference/cli.md and the command tree', () => {
  test('name the same commands', () => {
    const names = declared(program, '').map(([name]) => name)
    expect(names.length).toBeGreaterThan(15)
    expect([...documented().keys()]).toEqual(names)
  })

  test('name the same arguments and options, in the same words', () => {
    const rows = declared(program, '')
    expect(rows.flatMap(([, its]) => its).length).toBeGreaterThan(80)
    expect(Object.fromEntries(documented())).toEqual(Object.fromEntries(rows))
  })

  test('name the same exit codes', () => {
    const rows = Object.values(exits).map(({ code, meaning }) => `| ${code} | ${meaning} |`)
    expect(reference.match(/^\| \d+ \|.*\|$/gm)).toEqual(rows)
  })

  test('use only options that exist in the examples', () => {
    const blocks = reference.match(/```sh\n[\s\S]*?```/g) ?? []
    expect(blocks.length).toBeGreaterThan(5)
    const options = new Map(declared(program, '').map(([name, rows]) => [name, rows.join(' ')]))
    for (const line of blocks
      .join('\n')
      .split('\n')
      .filter((it) => it.startsWith('halftone '))) {
      const [, first = '', second = ''] = line.split(' ')
      const known = options.get(`${first} ${second}`) ?? options.get(first)
      expect(known, line).toBeDefined()
      for (const [flag] of line.matchAll(/(?<= )--?[a-z][a-z-]*/g)) expect(known, line).toMatch(new RegExp(`[\`, ]${flag}[ ,\`]`))
    }
  })
})
