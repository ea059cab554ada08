// npm drops an optional platform package from package-lock.json when the registry in use cannot serve it, and `npm ci`
// then refuses the lock. This adds the missing entries back (version and platform, read from the dependant and the name),
// so that one lock file installs on every platform. Run it after every `npm install` that changes the lock.
import { readFileSync, writeFileSync } from 'node:fs'

const OS = {
  android: 'android',
  darwin: 'darwin',
  linux: 'linux',
  linuxmusl: 'linux',
  win32: 'win32',
  windows: 'win32',
  freebsd: 'freebsd',
  openbsd: 'openbsd',
  netbsd: 'netbsd',
  sunos: 'sunos',
  aix: 'aix',
  openharmony: 'openharmony',
}
const CPU = ['arm64', 'x64', 'ia32', 'arm', 'ppc64', 'ppc64le', 'riscv64', 's390x', 'loong64', 'mips64el', 'x86', 'wasm32']

const lock = JSON.parse(readFileSync('package-lock.json', 'utf8'))
const packages = lock.packages
let added = 0
for (const [path, entry] of Object.entries(packages)) {
  for (const [name, spec] of Object.entries(entry.optionalDependencies ?? {})) {
    const candidates = [`${path}/node_modules/${name}`, `node_modules/${name}`]
    if (candidates.some((candidate) => packages[candidate])) continue
    const words = name.split('/').at(-1).split(/[-.]/)
    const os = words.map((word) => OS[word]).find(Boolean)
    const cpu =
      words.map((word) => (word === 'ppc64le' ? 'ppc64' : word)).find((word) => CPU.includes(word)) ??
      (words.includes('armv6') ? 'arm' : undefined)
    const musl = words.some((word) => word.endsWith('musl') || word === 'musleabihf')
    if (!os && !cpu) {
      console.error(`no platform in the name of ${name} (wanted by ${path})`)
      process.exitCode = 1
      continue
    }
    packages[`node_modules/${name}`] = {
      version: spec.replace(/^[\^~]/, ''),
      ...(cpu && { cpu: [cpu] }),
      ...((entry.dev || entry.devOptional) && { dev: true }),
      ...(musl && { libc: ['musl'] }),
      optional: true,
      ...(os && { os: [os] }),
    }
    added += 1
  }
}
lock.packages = Object.fromEntries(Object.entries(packages).sort(([a], [b]) => (a < b ? -1 : 1)))
writeFileSync('package-lock.json', `${JSON.stringify(lock, null, 2)}\n`)
console.log(`${added} optional platform packages added to package-lock.json`)
