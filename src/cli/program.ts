/** The command tree. A command's file is imported only when that command runs, or when its help is asked for. */
import { readFileSync } from 'node:fs'
import { Command, CommanderError } from 'commander'
import type { CliContext } from './context.ts'
import { CliError } from './exit.ts'
import { exitHelp, reportError } from './report.ts'

/** What each file under `commands/` exports: it adds arguments, options and the action to its (named) command. */
export interface CommandModule {
  define(command: Command, context: CliContext): void
}

interface CommandEntry {
  readonly summary: string
  readonly load: () => Promise<CommandModule>
}

/** In the order of the help. */
export const commands = {
  serve: { summary: 'start the gateway', load: () => import('./commands/serve.ts') },
  setup: { summary: 'ask, test provider keys without spending, write halftone.yaml', load: () => import('./commands/setup.ts') },
  generate: { summary: 'make or edit pictures, save them, print the cost', load: () => import('./commands/generate.ts') },
  batch: { summary: 'a file of requests, done within a day where it is cheapest', load: () => import('./commands/batch.ts') },
  quote: { summary: 'what a picture would cost, on every candidate', load: () => import('./commands/quote.ts') },
  requests: { summary: 'list requests with result and cost, newest first', load: () => import('./commands/requests.ts') },
  receipt: { summary: 'every charge of one request, line by line', load: () => import('./commands/receipt.ts') },
  explain: { summary: 'why a request went where it went', load: () => import('./commands/explain.ts') },
  observe: { summary: 'what a route on trial would have done and saved', load: () => import('./commands/observe.ts') },
  feedback: { summary: 'say whether a picture was what you wanted', load: () => import('./commands/feedback.ts') },
  quality: { summary: 'which models people rejected under a floor', load: () => import('./commands/quality.ts') },
  simulate: {
    summary: 'what past requests would have cost under another route',
    load: () => import('./commands/simulate.ts'),
  },
  import: {
    summary: 'record spend made elsewhere: bills and logs of other accounts',
    load: () => import('./commands/import.ts'),
  },
  reconcile: {
    summary: 'attempts nobody knows the bill of, and evidence about them',
    load: () => import('./commands/reconcile.ts'),
  },
  models: { summary: 'routes, models and offers, with abilities and prices', load: () => import('./commands/models.ts') },
  prices: { summary: 'the price book: list, compare, update, correct the past', load: () => import('./commands/prices.ts') },
  keys: { summary: 'list, create and revoke keys; reset the admin key', load: () => import('./commands/keys.ts') },
  alerts: { summary: 'who is told of what, and a test of it', load: () => import('./commands/alerts.ts') },
  audit: { summary: 'who changed what, when and from where', load: () => import('./commands/audit.ts') },
  budgets: {
    summary: 'what budgets have spent and hold, and where they are heading',
    load: () => import('./commands/budgets.ts'),
  },
  routes: {
    summary: 'routes by API: set, try on past requests, roll back',
    load: () => import('./commands/routes.ts'),
  },
  report: {
    summary: 'a month: spend, movers, waste, and what would have saved most',
    load: () => import('./commands/report.ts'),
  },
  close: { summary: 'close a month for good, or check a closed one', load: () => import('./commands/close.ts') },
  export: { summary: 'charges as FOCUS rows; check a FOCUS file', load: () => import('./commands/export.ts') },
  delete: { summary: 'delete prompts and images; what they cost stays', load: () => import('./commands/delete.ts') },
  config: { summary: 'check the configuration, or print its schema', load: () => import('./commands/config.ts') },
  doctor: { summary: 'what is configured, reachable and wrong; never spends', load: () => import('./commands/doctor.ts') },
  verify: {
    summary: 'buy the smallest pictures to compare providers with codec and prices',
    load: () => import('./commands/verify.ts'),
  },
  migrate: { summary: 'bring the database to the schema of this version', load: () => import('./commands/migrate.ts') },
  backup: { summary: 'write a consistent copy of the ledger to a file', load: () => import('./commands/backup.ts') },
  restore: { summary: 'put a backup in place of the ledger', load: () => import('./commands/restore.ts') },
} as const satisfies Record<string, CommandEntry>

export type CommandName = keyof typeof commands

/** The program with the options of the commands in `load` defined; the others have only their name and summary. */
export async function buildProgram(context: CliContext, load: readonly CommandName[]): Promise<Command> {
  const program = new Command('halftone')
    .description('An image gateway that knows what every picture really costs.')
    .version(version(), '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print help')
    .helpCommand('help [command]', 'print help of a command')
    .showSuggestionAfterError()
    .exitOverride()
    .configureOutput({
      writeOut: (text) => context.out.line(text.trimEnd()),
      // Usage errors are reported once, by `run`, in the same form as every other error.
      writeErr: () => {},
      getOutHelpWidth: () => context.out.width,
    })
    .addHelpText('after', `\n${exitHelp()}`)
  for (const [name, { summary, load: loadModule }] of Object.entries(commands) as [CommandName, CommandEntry][]) {
    const command = program.command(name).summary(summary).description(sentence(summary))
    if (load.includes(name)) (await loadModule()).define(command, context)
  }
  return program
}

const sentence = (text: string): string => `${text.charAt(0).toUpperCase()}${text.slice(1)}.`

function version(): string {
  // The same relative place from `src/cli` and from `dist/cli`.
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8')
  return String((JSON.parse(text) as { version: string }).version)
}

/** Run one command line and answer with the exit code. Never throws, never prints a stack for an expected failure. */
export async function run(argv: readonly string[], context: CliContext): Promise<number> {
  const named = argv.slice(0, 2).filter((word): word is CommandName => Object.hasOwn(commands, word))
  const asJson = argv.includes('--json')
  let program: Command | undefined
  try {
    program = await buildProgram(context, named)
    if (argv.length === 0) {
      program.outputHelp()
      return 0
    }
    await program.parseAsync([...argv], { from: 'user' })
    return 0
  } catch (error) {
    return reportError(usageErrorOf(error, program, argv), context.out, asJson)
  }
}

/** Commander's own errors as ours; asking for help or version is none. */
function usageErrorOf(error: unknown, program: Command | undefined, argv: readonly string[]): unknown {
  if (!(error instanceof CommanderError)) return error
  if (error.exitCode === 0) return undefined
  const command = program?.commands.find((it) => it.name() === argv[0])
  const help = `See \`halftone ${command === undefined ? '' : `${command.name()} `}--help\`.`
  if (error.code !== 'commander.help') return new CliError('usage', error.message.replace(/^error: /, ''), { remedy: help })
  const names = command?.commands.map((it) => it.name()).join(', ') ?? ''
  return new CliError('usage', `\`halftone ${command?.name() ?? ''}\` needs one of its commands: ${names}.`, { remedy: help })
}
