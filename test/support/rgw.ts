/** A real S3-compatible service for the tests: Ceph's object gateway over one monitor and one store in memory, on loopback. */
import { type ChildProcess, spawn } from 'node:child_process'
import { randomBytes, randomUUID } from 'node:crypto'
import { closeSync, openSync } from 'node:fs'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { freePort } from './free-port.ts'
import { INSTALL_TIMEOUT_MS, installDebianPackages, isExecutable, oneInstaller, run } from './installing.ts'

export interface S3Service {
  readonly endpoint: string
  readonly accessKeyId: string
  readonly secretAccessKey: string
}

export interface RunningS3 extends S3Service {
  close(): Promise<void>
}

/** Hooks that may be the first to want it need this long, where `npm test` has not prepared it. */
export const S3_START_TIMEOUT_MS = INSTALL_TIMEOUT_MS + 120_000

const PROGRAMS = ['ceph', 'ceph-mon', 'ceph-osd', 'radosgw', 'radosgw-admin', 'monmaptool']
const REMEDY =
  'The tests of S3-compatible storage need one: on Debian or Ubuntu install ceph-mon, ceph-osd and radosgw (as root the tests do it themselves), or set S3_TEST_URL to http://<access key>:<secret key>@<host>:<port> of your own, where they may make and delete buckets.'

/** Have the programs on the machine. Rejects with what to do when they are not to be had. */
export async function ensureRgw(): Promise<void> {
  if (process.env['S3_TEST_URL'] || (await hasPrograms())) return
  const said = await oneInstaller(async () => {
    if (await hasPrograms()) return undefined
    console.error('Installing Ceph for the tests of S3-compatible storage (once)')
    return installDebianPackages(['ceph-mon', 'ceph-osd', 'radosgw'])
  })
  if (!(await hasPrograms())) throw new Error(`${REMEDY}\n${said ?? ''}`)
}

async function hasPrograms(): Promise<boolean> {
  const found = await Promise.all(PROGRAMS.map((name) => isExecutable(`/usr/bin/${name}`)))
  return found.every(Boolean)
}

/** The service behind `S3_TEST_URL`, or a new one; about fifteen seconds once its programs are there. */
export async function startS3(): Promise<RunningS3> {
  const configured = process.env['S3_TEST_URL']
  if (configured) return { ...serviceOf(configured), close: async () => {} }
  await ensureRgw()
  const folder = await mkdtemp(join(tmpdir(), 'halftone-rgw-'))
  const daemons = new Daemons(folder)
  const service = { accessKeyId: randomBytes(10).toString('hex'), secretAccessKey: randomBytes(20).toString('hex') }
  try {
    const endpoint = await startCeph(folder, daemons, service)
    return { endpoint, ...service, close: () => daemons.close() }
  } catch (cause) {
    const said = await daemons.output()
    await daemons.close()
    throw new Error(`Ceph for the tests did not start. ${REMEDY}\n${said}`, { cause })
  }
}

function serviceOf(text: string): S3Service {
  const url = new URL(text)
  const part = (value: string) => decodeURIComponent(value)
  return { endpoint: url.origin, accessKeyId: part(url.username), secretAccessKey: part(url.password) }
}

async function startCeph(
  folder: string,
  daemons: Daemons,
  { accessKeyId, secretAccessKey }: Omit<S3Service, 'endpoint'>,
): Promise<string> {
  const [monitor, gateway] = [await freePort(), await freePort()]
  const fsid = randomUUID()
  const conf = join(folder, 'ceph.conf')
  const env = { ...process.env, CEPH_CONF: conf }
  const command = async (name: string, ...args: string[]): Promise<void> => {
    const said = await run(name, args, env)
    if (said !== '') throw new Error(said)
  }
  await writeFile(conf, configuration(folder, fsid, monitor, gateway))
  await Promise.all([mkdir(join(folder, 'mon')), mkdir(join(folder, 'osd'))])
  const map = join(folder, 'monmap')
  await command('monmaptool', '--create', '--addv', 'a', `[v2:127.0.0.1:${monitor}]`, '--fsid', fsid, map)
  await command('ceph-mon', '--mkfs', '-i', 'a', '--monmap', map)
  daemons.start('ceph-mon', ['-f', '-i', 'a'], env)
  const osd = randomUUID()
  await command('ceph', '--connect-timeout', '60', 'osd', 'new', osd)
  await command('ceph-osd', '--mkfs', '-i', '0', '--osd-uuid', osd)
  daemons.start('ceph-osd', ['-f', '-i', '0'], env)
  const keys = ['--access-key', accessKeyId, '--secret-key', secretAccessKey]
  await command('radosgw-admin', '-n', 'client.rgw', 'user', 'create', '--uid', 'test', '--display-name', 'test', ...keys)
  daemons.start('radosgw', ['-f', '-n', 'client.rgw'], env)
  const endpoint = `http://127.0.0.1:${gateway}`
  const deadline = Date.now() + 90_000
  for (;;) {
    const answer = await fetch(endpoint, { signal: AbortSignal.timeout(5_000) }).catch(() => undefined)
    if (answer?.ok) return endpoint
    if (Date.now() > deadline) throw new Error('the gateway does not answer')
    await sleep(200)
  }
}

/** One of everything, nothing on disk but the monitor's own, and nobody asks for keys among the daemons of one test. */
const configuration = (folder: string, fsid: string, monitor: number, gateway: number): string => `[global]
fsid = ${fsid}
mon host = [v2:127.0.0.1:${monitor}]
mon initial members = a
auth cluster required = none
auth service required = none
auth client required = none
${['mon client', 'mon service', 'mon cluster', 'client', 'cluster', 'service'].map((it) => `ms ${it} mode = crc`).join('\n')}
ms bind ipv6 = false
ms bind msgr1 = false
public addr = 127.0.0.1
cluster addr = 127.0.0.1
run dir = ${folder}
admin socket = ${folder}/$name.asok
pid file = ${folder}/$name.pid
log file = ${folder}/$name.log
osd pool default size = 1
osd pool default min size = 1
osd pool default pg num = 1
osd pool default pgp num = 1
osd pool default pg autoscale mode = off
osd crush chooseleaf type = 0
mon allow pool size one = true
mon max pg per osd = 1000
mon data avail crit = 1
osd objectstore = memstore
memstore device bytes = 1073741824
[mon.a]
mon data = ${folder}/mon
[osd.0]
osd data = ${folder}/osd
[client.rgw]
rgw frontends = beast endpoint=127.0.0.1:${gateway} tcp_nodelay=1
rgw thread pool size = 64
rgw gc max objs = 1
rgw lc max objs = 1
`

/** Ended the hard way: there is nothing to be saved, and Ceph takes its time for a good end. */
class Daemons {
  readonly #folder: string
  readonly #running: { readonly child: ChildProcess; readonly ended: Promise<void> }[] = []
  readonly #kill = (): void => {
    for (const { child } of this.#running) child.kill('SIGKILL')
  }

  constructor(folder: string) {
    this.#folder = folder
    process.once('exit', this.#kill)
  }

  start(command: string, args: readonly string[], env: NodeJS.ProcessEnv): void {
    const log = openSync(join(this.#folder, `${command}.out`), 'a')
    const child = spawn(command, args, { env, stdio: ['ignore', log, log] })
    closeSync(log)
    const ended = new Promise<void>((done) => {
      child.once('exit', () => done())
      child.once('error', () => done())
    })
    this.#running.push({ child, ended })
  }

  async output(): Promise<string> {
    const files = ['ceph-mon', 'ceph-osd', 'radosgw'].map((name) => join(this.#folder, `${name}.out`))
    const texts = await Promise.all(files.map((file) => readFile(file, 'utf8').catch(() => '')))
    return texts.join('').slice(-2_000)
  }

  async close(): Promise<void> {
    process.off('exit', this.#kill)
    this.#kill()
    await Promise.all(this.#running.map(({ ended }) => ended))
    await rm(this.#folder, { recursive: true, force: true })
  }
}
