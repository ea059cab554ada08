import type { Command } from 'commander'
import { withConfigOptions, withConnectOptions, withJsonOption } from '../connect.ts'
import type { CliContext } from '../context.ts'
import { acceptDraft, listDrafts, rejectDraft, reratePrices } from '../prices/ledger.ts'
import { diffPrices, listPrices, showHistory, showPrices } from '../prices/rates.ts'
import { packSet, rollbackPrices, updatePrices } from '../prices/sets.ts'

const MODEL = 'model, provider, or provider:model; a trailing * matches the rest'

/** Begins a subcommand, with the options all of its kind have. */
type Add = (name: string, summary: string, description: string) => Command

export function define(command: Command, context: CliContext): void {
  const add: Add = (name, summary, description) =>
    withJsonOption(withConfigOptions(command.command(name).summary(summary).description(description)))
  const onLedger: Add = (name, summary, description) =>
    withConnectOptions(command.command(name).summary(summary).description(description))
  defineReading(add, context)
  defineSets(add, context)
  defineOnLedger(onLedger, context)
}

function defineReading(add: Add, context: CliContext): void {
  add('list', 'what is in the price book', 'What is in the price book, by model; with its age and how sure it is.')
    .argument('[model]', MODEL)
    .option('--all', 'also rates that ended, start later, or are of models no longer sold')
    .option('--stale', 'only rates not compared with their source for 45 days')
    .option('--unpriced', 'only models without a known price, and why')
    .action((model: string | undefined, options) => listPrices(context, model, options))

  add('show', 'every rate of a model', 'Every rate of a model, with source, age, conditions and adjustments.')
    .argument('<model>', MODEL)
    .action((model: string, options) => showPrices(context, model, options))

  add('history', 'the prices of a model through time', 'Every dated rate of a model through time, with its source.')
    .argument('<model>', MODEL)
    .action((model: string, options) => showHistory(context, model, options))

  add(
    'diff',
    'what changed between two books or two days',
    'What changed between two books or two days: added, ended, changed, in percent.',
  )
    .argument('[a]', 'shipped, current, an installed version, a data set (file or https address), or a folder')
    .argument('[b]', 'the same, for the other side')
    .option('--at <day...>', 'two days of one book (the one in use, or [a])')
    .action((a: string | undefined, b: string | undefined, options) =>
      diffPrices(
        context,
        [a, b].filter((it) => it !== undefined),
        options,
      ),
    )
}

function defineSets(add: Add, context: CliContext): void {
  add('update', 'install a newer data set', 'Check a newer data set, show what it changes, ask, and install it.')
    .argument('<source>', 'file or https address of a data set')
    .option('--sha256 <hex>', 'refuse a file with another checksum')
    .option('--yes', 'do not ask')
    .option('--dry-run', 'show the changes, and install nothing')
    .action((source: string, options) => updatePrices(context, source, options))

  add('rollback', 'return to the prices before', 'Return to the set of prices installed before, or to the shipped one.')
    .option('--shipped', 'give up every installed set')
    .option('--yes', 'do not ask')
    .action((options) => rollbackPrices(context, options))

  add('pack', 'write a folder of prices as a data set', 'Write a folder of price files as a data set that `update` installs.')
    .argument('<file>', 'file to write')
    .option('--folder <folder>', 'folder of price files (default: the shipped one)')
    .option('--as <version>', 'a day such as 2026-11-22, or 2026-11-22.1 (default: the newest day a source was read)')
    .option('--note <text>', 'shown by `update`')
    .action((file: string, options) => packSet(context, file, options))
}

function defineOnLedger(onLedger: Add, context: CliContext): void {
  onLedger(
    'rerate',
    'correct what past calls cost',
    'Price past calls again with the prices in use, and post the differences as adjusting charges.',
  )
    .requiredOption('--since <day>', 'calls priced since then, UTC, such as 2026-11-01')
    .option('--dry-run', 'say what would be posted, and post nothing')
    .option('--yes', 'do not ask')
    .action((options) => reratePrices(context, options))

  onLedger(
    'drafts',
    'changes that providers report',
    'Look at what providers reported lately, and list the price changes drafted from it.',
  )
    .option('--all', 'accepted and rejected ones too')
    .action((options) => listDrafts(context, options))

  onLedger('accept', 'install a drafted change', 'Install the prices in use with a drafted change.')
    .argument('<draft>', 'id of the draft, or its beginning')
    .option('--yes', 'do not ask')
    .action((draft: string, options) => acceptDraft(context, draft, options))

  onLedger('reject', 'close a drafted change', 'Close a drafted change; the same evidence does not draft it again.')
    .argument('<draft>', 'id of the draft, or its beginning')
    .action((draft: string, options) => rejectDraft(context, draft, options))
}
