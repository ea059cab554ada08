import { mkdtemp, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import type { Command } from 'commander'
import type { Config } from '../../config/index.ts'
import { withJsonOption } from '../connect.ts'
import type { CliContext } from '../context.ts'
import { CliError } from '../exit.ts'
import { plain } from '../format.ts'
import { type Account, planOfFlags, type SetupFlags, type SetupPlan } from '../setup/accounts.ts'
import { editConfig } from '../setup/edit-config.ts'

interface Options extends SetupFlags {
  readonly config?: string
  readonly test: boolean
  readonly yes?: boolean
  readonly dryRun?: boolean
  readonly json?: boolean
}

export function define(command: Command, context: CliContext): void {
  command
    .option('--provider <kinds...>', 'with --yes: providers to add, as kind or name=kind')
    .option('--base-url <urls...>', 'with --yes: their addresses, as name=url')
    .option('--key-env <variables...>', 'with --yes: variables that hold their keys, as name=VARIABLE')
    .option('--option <options...>', 'with --yes: what else a type needs, as name.option=value')
    .option('--models <models...>', 'with --yes: what a server of your own serves, as name=model,model')
    .option('--per-image <prices...>', 'with --yes: USD per picture of a server of your own, as name=usd')
    .option('--max-usd-per-day <usd>', 'with --yes: hard spend cap of the whole gateway')
    .option('--no-test', 'do not test the providers')
    .option('--yes', 'do not ask; take everything from the flags')
    .option('--dry-run', 'print the file instead of writing it')
    .option('--config <file>', 'file to write (default: halftone.yaml)')
  withJsonOption(command).action((options: Options) => setup(context, options))
}

async function setup(context: CliContext, options: Options): Promise<void> {
  const { cwd, out } = context
  const asked = options.yes !== true
  if (asked && (!context.interactive || options.json)) {
    throw new CliError('usage', 'Nobody can be asked here.', {
      remedy: 'Repeat it with --yes and flags, such as --provider; see `halftone setup --help`.',
    })
  }
  const { DEFAULT_CONFIG_FILE } = await import('../../config/index.ts')
  const file = resolve(cwd, options.config ?? DEFAULT_CONFIG_FILE)
  const plan = await makePlan(context, options, asked, file)
  const before = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined
    throw new CliError('config', `${file} cannot be read (${error.code}).`, { cause: error })
  })
  const text = editConfig(before, plan)
  const config = await loadDraft(context, text, plan)
  const tests = options.test ? await testProviders(context, config, plan) : []
  const failed = tests.filter((it) => !it.ok)
  if (failed.length > 0) await acceptFailures(failed, asked)
  if (!options.dryRun) await writeConfig(file, text, plan)
  report({ context, options, file, text, plan, tests })
  if (asked) out.note()
}

async function makePlan({ env }: CliContext, options: Options, asked: boolean, file: string): Promise<SetupPlan> {
  const { providerChoices } = await import('../../compose/offline.ts')
  const choices = providerChoices()
  if (!asked) return planOfFlags(options, choices, env)
  const { intro } = await import('@clack/prompts')
  intro(`Halftone setup: ${file}`)
  const { askPlan } = await import('../setup/ask.ts')
  return askPlan(choices, env)
}

/** Load the text as the gateway would, so that no file is written that it would refuse. */
async function loadDraft({ env, cwd }: CliContext, text: string, plan: SetupPlan): Promise<Config> {
  const { loadFullConfig } = await import('../../compose/offline.ts')
  const folder = await mkdtemp(join(tmpdir(), 'halftone-setup-'))
  try {
    const draft = join(folder, 'halftone.yaml')
    await writeFile(draft, text, { mode: 0o600 })
    const { config } = await loadFullConfig({ env: { ...missingVariables(plan, env), ...env }, cwd, flags: { config: draft } })
    return config
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** Variables the file will refer to and that are not set yet, with what was typed for the test. */
function missingVariables({ accounts }: SetupPlan, env: CliContext['env']): Record<string, string> {
  return Object.fromEntries(
    accounts.flatMap(({ key }) =>
      key?.kind === 'variable' && env[key.variable] === undefined ? [[key.variable, key.secret ?? NOT_SET] as const] : [],
    ),
  )
}

/** Stands for a key that nobody has given yet; it is never written and never sent. */
const NOT_SET = 'not-set'

interface Tested {
  readonly name: string
  readonly ok: boolean
  readonly message: string
}

async function testProviders(context: CliContext, config: Config, plan: SetupPlan): Promise<Tested[]> {
  const { probeProviders } = await import('../../compose/offline.ts')
  const testable = plan.accounts.filter((account) => hasKey(account, context.env))
  const names = testable.map(({ name }) => name)
  const providers = Object.fromEntries(Object.entries(config.providers).filter(([name]) => names.includes(name)))
  const tested = names.length === 0 ? [] : await probeProviders({ ...config, providers }, context.signal)
  const untested = plan.accounts.filter((account) => !testable.includes(account))
  return [...tested, ...untested.map(({ name }) => ({ name, ok: true, message: 'not tested: its key is not set here' }))]
}

const hasKey = ({ key }: Account, env: CliContext['env']): boolean =>
  key?.kind !== 'variable' || key.secret !== undefined || Boolean(env[key.variable])

async function acceptFailures(failed: readonly Tested[], asked: boolean): Promise<void> {
  const summary = failed.map(({ name, message }) => `${name}: ${plain(message)}`).join('\n')
  if (asked) {
    const { confirm, log } = await import('@clack/prompts')
    const { answerOf } = await import('../setup/ask.ts')
    log.warn(summary)
    if (answerOf(await confirm({ message: 'Write the file all the same?', initialValue: false }))) return
  }
  throw new CliError('provider', `${summary}\nNothing was written.`, {
    remedy: asked ? 'Run setup again when you have the right key.' : 'Correct the key or the address, or add --no-test.',
  })
}

/** Never half written; private when a key stands in it, and never more open than it was. */
async function writeConfig(file: string, text: string, { accounts }: SetupPlan): Promise<void> {
  const draft = `${file}.new`
  const before = await stat(file).catch(() => undefined)
  const mode = accounts.some(({ key }) => key?.kind === 'text') ? 0o600 : before && before.mode & 0o777
  await writeFile(draft, text, mode === undefined ? {} : { mode }).catch((cause: NodeJS.ErrnoException) => {
    throw new CliError('failure', `${file} cannot be written (${cause.code}).`, {
      remedy: 'Choose another with --config.',
      cause,
    })
  })
  await rename(draft, file)
}

interface Report {
  readonly context: CliContext
  readonly options: Options
  readonly file: string
  readonly text: string
  readonly plan: SetupPlan
  readonly tests: readonly Tested[]
}

function report({ context: { out, env }, options, file, text, plan, tests }: Report): void {
  const dryRun = options.dryRun === true
  const unset = plan.accounts.flatMap(({ key }) => (key?.kind === 'variable' && !env[key.variable] ? [key.variable] : []))
  if (options.json) {
    out.json({
      object: 'setup',
      dry_run: dryRun,
      file,
      providers: tests,
      variables_to_set: unset,
      ...(dryRun ? { text } : {}),
    })
    return
  }
  for (const { name, ok, message } of tests)
    out.line(`${out.paint(ok ? 'green' : 'yellow', ok ? 'ok' : ' !')}  ${name}: ${plain(message)}`)
  if (dryRun) {
    out.line(out.paint('dim', `# ${file}; nothing was written: --dry-run.`))
    out.line(text.trimEnd())
    return
  }
  out.line(`Wrote ${file}.`)
  for (const variable of unset) out.line(`Set ${variable} where you start Halftone.`)
  out.line('Start the gateway with: halftone serve')
}
