import { type Command, InvalidArgumentError, Option } from 'commander'
import type { CreatedKey, KeyWire } from '../../contract/admin.ts'
import { type Role, roles } from '../../core/access/roles.ts'
import { resetAdminKey } from '../admin-key.ts'
import type { Client } from '../client.ts'
import { confirm } from '../confirm.ts'
import {
  type ConfigOptions,
  type ConnectOptions,
  connect,
  withConfigOptions,
  withConnectOptions,
  withJsonOption,
} from '../connect.ts'
import type { CliContext, Output } from '../context.ts'
import { CliError } from '../exit.ts'
import { plain, usd } from '../format.ts'
import { renderPairs, renderTable } from '../table.ts'

export function define(command: Command, context: CliContext): void {
  const list = command
    .command('list')
    .summary('list keys, without their secrets')
    .description('List keys, without their secrets.')
  withConnectOptions(list.option('--all', 'revoked ones too')).action((options: ListOptions) => listKeys(context, options))

  const create = command
    .command('create')
    .summary('create a key; its secret is shown once')
    .description('Create a key. Its secret is shown once and stored as a hash.')
    .argument('<name>', 'who or what will use it')
    .option('--project <id>', 'project it belongs to (default: default)')
    .option('--max-usd-per-day <usd>', 'hard spend cap of this key, UTC days')
    .option('--allow <models...>', 'models and routes it may use (default: all)')
    .addOption(new Option('--role <role>', 'what it may do').choices(roles).default('inference').conflicts('admin'))
    .option('--admin', 'the same as --role admin')
    .option('--dry-run', 'show what would be created')
    .addOption(new Option('--tag <name=value>', 'tag on every request of the key, may be repeated').argParser(collectTag))
  withConnectOptions(create).action((name: string, options: CreateOptions) => createKey(context, name, options))

  const revoke = command
    .command('revoke')
    .summary('revoke a key, at once and for good')
    .description('Revoke a key, at once and for good.')
    .argument('<key>', 'its id, name or prefix')
    .option('--yes', 'do not ask')
    .option('--dry-run', 'show what would be revoked')
  withConnectOptions(revoke).action((key: string, options: RevokeOptions) => revokeKey(context, key, options))

  const reset = command
    .command('reset-admin')
    .summary('replace the admin key, also when it is lost')
    .description(
      'Replace the admin key: a new one is made and the old one stops working. Works without the old key, for whoever may ' +
        'write to the data folder; the gateway must be stopped for that unless its ledger is PostgreSQL.',
    )
    .option('--yes', 'do not ask')
  withJsonOption(withConfigOptions(reset)).action((options: ResetOptions) => resetAdmin(context, options))
}

function collectTag(text: string, before: Readonly<Record<string, string>> | undefined): Readonly<Record<string, string>> {
  const [, name, value] = /^([^=]+)=(.*)$/s.exec(text) ?? []
  if (name === undefined || value === undefined) throw new InvalidArgumentError('Write name=value.')
  return { ...before, [name]: value }
}

interface ListOptions extends ConnectOptions {
  readonly all?: boolean
}

async function listKeys(context: CliContext, options: ListOptions): Promise<void> {
  const { out } = context
  const client = await connect(context, options)
  const { data } = await client.call('listKeys')
  const shown = options.all ? data : data.filter((key) => key.revoked_at === null)
  if (options.json) return out.json({ object: 'list', data: shown })
  if (shown.length === 0) return out.line('No keys.')
  for (const line of keyTable(shown, out)) out.line(line)
}

export function keyTable(keys: readonly KeyWire[], out: Output): string[] {
  return renderTable(
    [
      { header: 'NAME', shrinkTo: 10 },
      { header: 'KEY' },
      { header: 'ROLE' },
      { header: 'PROJECT', shrinkTo: 7 },
      { header: 'MODELS', shrinkTo: 8 },
      { header: 'CAP PER DAY', align: 'right' },
      { header: 'CREATED' },
    ],
    keys.map((key) => ({
      cells: [
        plain(key.name),
        `${key.prefix}…`,
        key.role,
        key.project_id,
        key.allowed_models?.join(', ') ?? 'all',
        key.max_usd_per_day === null ? 'none' : usd(key.max_usd_per_day),
        key.created_at.slice(0, 10),
      ],
      notes: [
        ...(key.revoked_at === null ? [] : [`revoked ${key.revoked_at.slice(0, 10)}`]),
        ...(key.managed_by === 'api' ? [] : [`managed by the ${key.managed_by}`]),
      ],
    })),
    out,
  )
}

interface CreateOptions extends ConnectOptions {
  readonly project?: string
  readonly maxUsdPerDay?: string
  readonly allow?: string[]
  readonly admin?: boolean
  readonly role: Role
  readonly tag?: Readonly<Record<string, string>>
  readonly dryRun?: boolean
}

async function createKey(context: CliContext, name: string, options: CreateOptions): Promise<void> {
  const { out } = context
  const role: Role = options.admin ? 'admin' : options.role
  const body = {
    name,
    ...(role === 'inference' ? {} : { role }),
    ...(options.project === undefined ? {} : { project_id: options.project }),
    ...(options.tag === undefined ? {} : { tags: options.tag }),
    ...(options.allow === undefined ? {} : { allowed_models: options.allow }),
    ...(options.maxUsdPerDay === undefined ? {} : { max_usd_per_day: options.maxUsdPerDay }),
  }
  if (options.dryRun) return out.json(body)
  const client = await connect(context, options)
  const created = await client.call('createKey', { body })
  if (options.json) return out.json(created)
  for (const line of createdLines(created, client.url, out)) out.line(line)
}

function createdLines(key: CreatedKey, url: string, out: Output): string[] {
  const pairs: (readonly [string, string])[] = [
    ['Key', key.secret],
    ['Name', plain(key.name)],
    ['Id', key.id],
    ['Role', key.role],
    ['Project', key.project_id],
    ['Models', key.allowed_models?.join(', ') ?? 'all'],
    ['Cap', key.max_usd_per_day === null ? 'none of its own' : `${usd(key.max_usd_per_day)} per day`],
  ]
  return [
    ...renderPairs(pairs, out),
    '',
    'Keep the key now: it is stored as a hash and never shown again.',
    key.role === 'inference' ? `Clients use it with the base URL ${url}/v1.` : `Sign in with it at ${url}.`,
  ]
}

interface RevokeOptions extends ConnectOptions {
  readonly yes?: boolean
  readonly dryRun?: boolean
}

async function revokeKey(context: CliContext, typed: string, options: RevokeOptions): Promise<void> {
  const { out } = context
  const client = await connect(context, options)
  const key = await selectKey(client, typed)
  const label = `"${plain(key.name)}" (${key.prefix}…, ${key.role})`
  if (options.dryRun) return options.json ? out.json(key) : out.line(`Would revoke ${label}. Nothing was changed: --dry-run.`)
  await confirm(context, `Revoke ${label}? Its clients get 401 from now on.`, options.yes)
  const answer = await client.call('revokeKey', { path: { id: key.id } })
  if (options.json) return out.json(answer)
  out.line(`Revoked ${label}.`)
}

async function selectKey(client: Client, typed: string): Promise<KeyWire> {
  const { data } = await client.call('listKeys')
  const active = data.filter((key) => key.revoked_at === null)
  const prefix = typed.replace(/…$/, '')
  const exact = active.filter((key) => key.id === typed || key.name === typed)
  const matches = exact.length > 0 ? exact : active.filter((key) => key.prefix === prefix)
  const [match] = matches
  if (match !== undefined && matches.length === 1) return match
  if (match !== undefined)
    throw new CliError('usage', `${matches.length} keys are called "${typed}".`, {
      remedy: 'Give the id: `halftone keys list --json`.',
    })
  throw new CliError('usage', `There is no active key with the id, name or prefix "${typed}".`, {
    remedy: 'See `halftone keys list`.',
  })
}

interface ResetOptions extends ConfigOptions {
  readonly yes?: boolean
  readonly json?: boolean
}

async function resetAdmin(context: CliContext, options: ResetOptions): Promise<void> {
  const { out } = context
  await confirm(context, 'Replace the admin key? The old one stops working.', options.yes)
  const { secret, file } = await resetAdminKey(context, options)
  if (options.json) return out.json({ object: 'admin_key', secret, file })
  for (const line of renderPairs(
    [
      ['Key', secret],
      ['File', `${file}, readable only by its owner`],
    ],
    out,
  ))
    out.line(line)
}
