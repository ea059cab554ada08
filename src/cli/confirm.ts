import type { CliContext } from './context.ts'
import { CliError } from './exit.ts'

/** Ask before something that cannot be undone. Without a terminal, `--yes` is the answer or the command is refused. */
export async function confirm(context: CliContext, question: string, yes: boolean | undefined): Promise<void> {
  if (yes) return
  if (!context.interactive)
    throw new CliError('usage', `${question} Nobody can be asked here.`, { remedy: 'Repeat it with --yes.' })
  const { confirm: ask, isCancel } = await import('@clack/prompts')
  const answer = await ask({ message: question, initialValue: false })
  if (isCancel(answer) || !answer) throw new CliError('interrupted', 'Nothing was changed.')
}
