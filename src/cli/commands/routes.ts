import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { type Command, InvalidArgumentError } from 'commander'
import type { RouteTrialWire, RouteValidation, RouteWire } from '../../contract/routes.ts'
import type { Client } from '../client.ts'
import { confirm } from '../confirm.ts'
import { type ConnectOptions, connect, withConnectOptions } from '../connect.ts'
import type { CliContext, Output } from '../context.ts'
import { CliError } from '../exit.ts'
import { plain, plural, usd } from '../format.ts'
import { renderPairs, renderTable } from '../table.ts'

interface FileOptions extends ConnectOptions {
  readonly file?: string
}
interface SetOptions extends FileOptions {
  readonly replaces?: number
  readonly dryRun?: boolean
}
interface RollbackOptions extends ConnectOptions {
  readonly to?: number
  readonly dryRun?: boolean
}
interface DeleteOptions extends ConnectOptions {
  readonly yes?: boolean
  readonly dryRun?: boolean
}
interface TrialOptions extends FileOptions {
  readonly days: number
  readonly limit: number
  readonly all?: boolean
}

export function define(command: Command, context: CliContext): void {
  const sub = (name: string, summary: string): Command =>
    command
      .command(name)
      .summary(summary)
      .description(`${summary.charAt(0).toUpperCase()}${summary.slice(1)}.`)
  withConnectOptions(sub('list', 'list routes, of the file and of the API')).action((options: ConnectOptions) =>
    listRoutes(context, options),
  )
  withConnectOptions(sub('show', 'show the document of a route and its versions').argument('<name>', 'its name')).action(
    (name: string, options: ConnectOptions) => showRoute(context, name, options),
  )
  withConnectOptions(
    sub('set', 'create a route by API, or put a new version in force')
      .argument('<name>', 'its name')
      .requiredOption('-f, --file <file>', 'its document, YAML or JSON, as under `routes` in halftone.yaml')
      .option('--replaces <version>', 'the version it replaces (default: the one that stands now)', whole)
      .option('--dry-run', 'check the document and save nothing'),
  ).action((name: string, options: SetOptions) => setRoute(context, name, options))
  withConnectOptions(
    sub('rollback', 'put an earlier version of a route in force')
      .argument('<name>', 'its name')
      .option('--to <version>', 'the version to go back to (default: the one before)', whole)
      .option('--dry-run', 'show what would be put in force'),
  ).action((name: string, options: RollbackOptions) => rollBack(context, name, options))
  withConnectOptions(
    sub('dry-run', 'decide past requests again under a document; spends nothing')
      .argument('<name>', 'its name')
      .option('-f, --file <file>', 'the document to try (default: the one that stands)')
      .option('--days <days>', 'how far back', whole, 7)
      .option('--limit <requests>', 'most requests, the newest ones', whole, 2_000)
      .option('--all', 'every request, not only those of the route'),
  ).action((name: string, options: TrialOptions) => tryRoute(context, name, options))
  withConnectOptions(
    sub('delete', 'retire a route made by API; its versions stay')
      .argument('<name>', 'its name')
      .option('--yes', 'do not ask')
      .option('--dry-run', 'show what would be retired'),
  ).action((name: string, options: DeleteOptions) => deleteRoute(context, name, options))
}

function whole(text: string): number {
  if (!/^\d{1,6}$/.test(text)) throw new InvalidArgumentError('Write a whole number.')
  return Number(text)
}

async function listRoutes(context: CliContext, options: ConnectOptions): Promise<void> {
  const { out } = context
  const answer = await (await connect(context, options)).call('listRoutes')
  if (options.json) return out.json(answer)
  const rows = answer.data.map(({ name, managed_by, version, document, problem }) => ({
    cells: [name, origins[managed_by], version === 0 ? '-' : String(version), String(document['objective'] ?? 'cost')],
    notes: problem === null ? [] : [`cannot be used: ${plain(problem)}`],
  }))
  const columns = [
    { header: 'NAME' },
    { header: 'DEFINED BY' },
    { header: 'VERSION', align: 'right' as const },
    { header: 'OBJECTIVE' },
  ]
  for (const line of renderTable(columns, rows, out)) out.line(line)
}

const origins: Readonly<Record<RouteWire['managed_by'], string>> = { file: 'halftone.yaml', api: 'API', built_in: 'built in' }

async function showRoute(context: CliContext, name: string, options: ConnectOptions): Promise<void> {
  const { out } = context
  const client = await connect(context, options)
  const path = { route: name }
  const route = await client.call('getRoute', { path })
  const versions = route.managed_by === 'api' ? (await client.call('listRouteVersions', { path })).data : []
  if (options.json) return out.json({ ...route, versions })
  const { stringify } = await import('yaml')
  out.line(stringify(route.document).trimEnd())
  if (versions.length === 0) return
  out.line('')
  const rows = versions.map(({ version, created_at, created_by, retired, restores }) => ({
    cells: [
      String(version),
      created_at.slice(0, 19).replace('T', ' '),
      plain(created_by),
      retired ? 'deleted' : restores === null ? 'set' : `rolled back to ${restores}`,
    ],
  }))
  const columns = [{ header: 'VERSION', align: 'right' as const }, { header: 'WHEN' }, { header: 'BY' }, { header: 'WHAT' }]
  for (const line of renderTable(columns, rows, out)) out.line(line)
}

/** One mapping, YAML or JSON, which YAML contains. */
async function readDocument({ cwd }: CliContext, file: string): Promise<object> {
  const { parse } = await import('yaml')
  let document: unknown
  try {
    document = parse(await readFile(resolve(cwd, file), 'utf8'))
  } catch (cause) {
    const why = cause instanceof Error ? (cause.message.split('\n')[0] ?? '') : ''
    throw new CliError('usage', `${file} cannot be read: ${why}`, { remedy: 'Give a YAML or JSON file.', cause })
  }
  if (typeof document !== 'object' || document === null || Array.isArray(document))
    throw new CliError('usage', `${file} is no mapping of keys to values.`, {
      remedy: 'Write what would stand under the name of the route.',
    })
  return document
}

/** Every finding is told; a document with problems is not saved. */
async function setRoute(context: CliContext, name: string, options: SetOptions): Promise<void> {
  const { out } = context
  const client = await connect(context, options)
  const document = await readDocument(context, options.file ?? '')
  const path = { route: name }
  const checked = await client.call('validateRoute', { path, body: { document } })
  if (options.dryRun && options.json) return out.json(checked)
  if (!options.json) for (const line of findingLines(checked, out)) out.line(line)
  if (!checked.valid) {
    const text = checked.findings.map(({ path: at, message }) => `${at} ${message}`.trim()).join('; ')
    throw new CliError('usage', `The document of "${name}" is not valid: ${text}.`, { remedy: 'Correct it; nothing was saved.' })
  }
  if (options.dryRun) return out.line('It could be saved; nothing was.')
  const version = options.replaces ?? (await standingVersion(client, name))
  const route = await client.call('putRoute', { path, body: { document, version } })
  if (options.json) return out.json(route)
  out.line(`Route ${name} is at version ${route.version}.`)
}

const findingLines = ({ findings }: RouteValidation, out: Output): string[] =>
  findings.flatMap(({ level, path, message, remedy }) => [
    `${out.paint(level === 'problem' ? 'red' : 'yellow', level)}: ${plain(`${path} ${message}`.trim())}`,
    out.paint('dim', `  ${plain(remedy)}`),
  ])

async function standingVersion(client: Client, name: string): Promise<number> {
  const { data } = await client.call('listRoutes')
  return data.find((route) => route.name === name)?.version ?? 0
}

async function rollBack(context: CliContext, name: string, options: RollbackOptions): Promise<void> {
  const { out } = context
  const client = await connect(context, options)
  const path = { route: name }
  const { data } = await client.call('listRouteVersions', { path })
  const [newest, ...earlier] = data
  const to = options.to ?? earlier.find(({ retired }) => !retired)?.version
  const wanted = data.find(({ version }) => version === to)
  if (newest === undefined || to === undefined || wanted === undefined)
    throw new CliError('usage', `Route ${name} has no such version.`, { remedy: '`halftone routes show` lists them.' })
  if (options.dryRun) {
    if (options.json) return out.json({ dry_run: true, would_restore: wanted })
    return out.line(`Version ${to} of route ${name} would be put in force as version ${newest.version + 1}.`)
  }
  const route = await client.call('rollbackRoute', { path, body: { to, version: newest.version } })
  if (options.json) return out.json(route)
  out.line(`Route ${name} is at version ${route.version}, which is version ${to} again.`)
}

async function deleteRoute(context: CliContext, name: string, options: DeleteOptions): Promise<void> {
  const { out } = context
  const client = await connect(context, options)
  const path = { route: name }
  const route = await client.call('getRoute', { path })
  if (options.dryRun) {
    if (options.json) return out.json({ dry_run: true, would_delete: route })
    return out.line(`Route ${name}, version ${route.version}, would be retired.`)
  }
  await confirm(context, `Retire the route ${name}?`, options.yes)
  const query = route.version === 0 ? {} : { version: route.version }
  const answer = await client.call('deleteRoute', { path, query })
  if (options.json) return out.json(answer)
  out.line(`Route ${name} is retired; \`halftone routes rollback ${name}\` brings it back.`)
}

async function tryRoute(context: CliContext, name: string, options: TrialOptions): Promise<void> {
  const { out } = context
  const client = await connect(context, options)
  const document = options.file === undefined ? undefined : await readDocument(context, options.file)
  const body = { days: options.days, limit: options.limit, ...(options.all && { of: 'all' }), ...(document && { document }) }
  const trial = await client.call('tryRoute', { path: { route: name }, body })
  if (options.json) return out.json(trial)
  for (const line of trialLines(trial, out)) out.line(line)
}

function trialLines(trial: RouteTrialWire, out: Output): string[] {
  const { sample, recorded, recorded_of_served: served, simulated, change, promises, unserved, examples } = trial
  const percent = change === null ? '' : ` (${change > 0 ? '+' : ''}${(100 * change).toFixed(1)} %)`
  const part = sample.complete ? '' : ', the newest ones'
  const pairs: (readonly [string, string])[] = [
    ['Sample', `${plural(sample.requests, 'request')} since ${sample.since.slice(0, 10)}${part}; ${usd(recorded.cost_usd)}`],
    ['Before', `${usd(served.cost_usd)} for ${plural(served.requests, 'request')} it would serve`],
    ['After', `${usd(simulated.cost_usd)} expected${percent}; ${plural(trial.changed, 'other choice', 'other choices')}`],
    ['Below floor', `${promises.before.below_floor} before, ${promises.after.below_floor} after`],
    ['Late', `${promises.before.late} before, ${promises.after.late} expected after`],
    ...(trial.easy === 0 ? [] : [['Easy prompts', `${plural(trial.easy, 'request')} under the lower floor`] as const]),
    [
      'Not served',
      Object.entries(unserved)
        .map(([reason, count]) => `${count} (${reason})`)
        .join(', ') || 'none',
    ],
  ]
  const shares = (title: string, all: RouteTrialWire['before']): string[] => [
    '',
    ...renderTable(
      [
        { header: title, shrinkTo: 16 },
        { header: 'SHARE', align: 'right' },
        { header: 'COST', align: 'right' },
      ],
      all.map(({ offer, share, cost_usd }) => ({ cells: [offer, `${(100 * share).toFixed(1)}%`, usd(cost_usd)] })),
      out,
    ),
  ]
  const changes = examples.map((each) => ({
    cells: [each.request_id, each.before_offer, usd(each.before_usd), each.after_offer, usd(each.after_usd)],
  }))
  const columns = [
    { header: 'REQUEST', shrinkTo: 8 },
    { header: 'BEFORE', shrinkTo: 12 },
    { header: 'COST', align: 'right' as const },
    { header: 'AFTER', shrinkTo: 12 },
    { header: 'EXPECTED', align: 'right' as const },
  ]
  return [
    ...renderPairs(pairs, out),
    ...shares('BEFORE', trial.before),
    ...shares('AFTER', trial.after),
    ...(changes.length > 0 ? ['', ...renderTable(columns, changes, out)] : []),
  ]
}
