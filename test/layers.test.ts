import { globSync, readFileSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'
import { describe, expect, test } from 'vitest'

/** What each folder may import besides itself (design, section 4). `index.ts` and `compose.ts` see everything. */
const ALLOWED: Readonly<Record<string, readonly string[]>> = {
  'src/core': [],
  'src/ports': ['src/core'],
  'src/net': ['src/core', 'src/ports'],
  'src/contract': ['src/core'],
  'src/providers': ['src/core', 'src/ports', 'src/net'],
  'src/storage': ['src/core', 'src/ports'],
  'src/blobs': ['src/core', 'src/ports', 'src/net'],
  'src/steps': ['src/core', 'src/ports', 'src/net'],
  'src/gateway': ['src/core', 'src/ports', 'src/net'],
  'src/telemetry': ['src/core', 'src/ports', 'src/gateway'],
  // Bills and logs of elsewhere, read the same way by the command and by the API.
  'src/imports': ['src/core', 'src/contract'],
  'src/server': ['src/core', 'src/ports', 'src/net', 'src/gateway', 'src/contract', 'src/imports'],
  // Routes and facts are written in the file and sent to the API: one schema for both.
  'src/config': [
    'src/core',
    'src/ports',
    'src/contract/document-values.ts',
    'src/contract/facts.ts',
    'src/contract/route-document.ts',
  ],
  // Parts of the composition root: they know everything that is put together, and nothing of the commands.
  'src/compose': [
    'src/core',
    'src/ports',
    'src/net',
    'src/contract',
    'src/imports',
    'src/providers',
    'src/storage',
    'src/blobs',
    'src/steps',
    'src/gateway',
    'src/telemetry',
    'src/server',
    'src/config',
    'src/log.ts',
    'src/system-clock.ts',
  ],
  'src/cli': [
    'src/core',
    'src/ports',
    'src/contract',
    'src/imports',
    'src/config',
    // The picture that `verify` sends is the one the server sends.
    'src/net/probe-image.ts',
    'src/compose.ts',
    'src/compose/doctor.ts',
    'src/compose/offline.ts',
    'src/compose/prices.ts',
    'src/compose/price-work.ts',
    'src/tune-collector.ts',
  ],
  // The page about the formulas is the reference itself.
  'web/src': ['src/core', 'src/contract', 'docs/reference/insight.md?raw'],
}

/** The registry's packages a folder may import; unlisted folders are free to choose. */
const PACKAGES: Readonly<Record<string, readonly string[]>> = { 'src/core': [], 'src/ports': [], 'src/contract': ['zod'] }

const SPECIFIER = /(?:\b(?:import|export)\b[^'"`;]*?\bfrom\s*|(?<!['"])\bimport\s*\(?\s*)['"]([^'"]+)['"]/g

const withoutComments = (source: string) => source.replace(/\/\*[\s\S]*?\*\/|(?<=^|\s)\/\/.*$/gm, '')

/** Every breach in one file: imports against the tables, and `process.env` outside the configuration. */
function breaches(file: string, source: string): string[] {
  const code = withoutComments(source)
  const folder = Object.keys(ALLOWED).find((each) => file.startsWith(`${each}/`)) ?? ''
  const found = Array.from(code.matchAll(SPECIFIER), ([, specifier = '']) => {
    if (!specifier.startsWith('.')) {
      const packages = PACKAGES[folder]
      return packages && !packages.includes(specifier) ? `${file} imports the package ${specifier}` : undefined
    }
    const target = normalize(join(dirname(file), specifier)).replaceAll('\\', '/')
    const open = [folder, ...(ALLOWED[folder] ?? [])].some((each) => target === each || target.startsWith(`${each}/`))
    return open ? undefined : `${file} imports ${target}`
  })
  if (folder !== 'src/config' && folder !== 'web/src' && /\bprocess\.env\b/.test(code)) found.push(`${file} reads process.env`)
  return found.filter((each) => each !== undefined)
}

const filesOf = (folder: string) =>
  globSync(`${folder}/**/*.{ts,tsx}`)
    .map((file) => file.replaceAll('\\', '/'))
    .filter((file) => !/\.test\.tsx?$|\/fixtures\//.test(file))

describe('direction of imports', () => {
  for (const folder of Object.keys(ALLOWED)) {
    test(`${folder} imports only what it may`, () => {
      const files = filesOf(folder)
      expect(files.length, `${folder} has no file to look at`).toBeGreaterThan(0)
      expect(files.flatMap((file) => breaches(file, readFileSync(file, 'utf8')))).toEqual([])
    })
  }

  test('every folder of src is in the table', () => {
    const folders = new Set(globSync('src/*/**/*.ts').map((file) => file.replaceAll('\\', '/').split('/').slice(0, 2).join('/')))
    expect([...folders].filter((folder) => !(folder in ALLOWED))).toEqual([])
  })

  const planted: { rule: string; file: string; source: string; breach: string | undefined }[] = [
    {
      rule: 'a forbidden folder',
      file: 'src/core/a.ts',
      source: "import { x } from '../ports/x.ts'",
      breach: 'imports src/ports/x.ts',
    },
    {
      rule: 'a type import counts',
      file: 'src/core/a.ts',
      source: "import type { X } from '../net/x.ts'",
      breach: 'src/net/x.ts',
    },
    {
      rule: 'a re-export counts',
      file: 'src/ports/a.ts',
      source: "export {\n  x,\n} from '../gateway/x.ts'",
      breach: 'src/gateway/x.ts',
    },
    { rule: 'a lazy import counts', file: 'src/storage/a.ts', source: "await import('../blobs/x.ts')", breach: 'src/blobs/x.ts' },
    { rule: 'a bare import counts', file: 'src/steps/a.ts', source: "import '../providers/x.ts'", breach: 'src/providers/x.ts' },
    { rule: 'a package in core', file: 'src/core/a.ts', source: "import { z } from 'zod'", breach: 'the package zod' },
    { rule: 'a built-in in core', file: 'src/core/a.ts', source: "import fs from 'node:fs'", breach: 'the package node:fs' },
    { rule: 'the environment', file: 'src/gateway/a.ts', source: "process.env['X']", breach: 'process.env' },
    {
      rule: 'a comment is no import',
      file: 'src/core/a.ts',
      source: "// from '../ports/x.ts'\n/* import 'zod' */",
      breach: undefined,
    },
    {
      rule: 'the word in a text is no import',
      file: 'src/contract/a.ts',
      source: "const rule = { writes: 'import' }\nconst other = 'x'",
      breach: undefined,
    },
    { rule: 'an allowed folder', file: 'src/server/a.ts', source: "import { x } from '../gateway/x.ts'", breach: undefined },
    { rule: 'the same folder', file: 'src/core/pricing/a.ts', source: "import { x } from '../money.ts'", breach: undefined },
  ]
  for (const { rule, file, source, breach } of planted) {
    test(`planted: ${rule} is ${breach ? 'caught' : 'let through'}`, () => {
      const found = breaches(file, source)
      expect(found).toHaveLength(breach ? 1 : 0)
      if (breach) expect(found[0]).toContain(breach)
    })
  }
})
