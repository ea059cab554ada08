import { type Command, InvalidArgumentError } from 'commander'
import type { FeedbackRequest } from '../../contract/feedback.ts'
import { type ConnectOptions, connect, withConnectOptions } from '../connect.ts'
import type { CliContext } from '../context.ts'
import { CliError } from '../exit.ts'
import { idHelp, selectRequest } from '../select-request.ts'

interface Options extends ConnectOptions {
  readonly accept?: boolean
  readonly reject?: boolean
  readonly score?: number
  readonly reason?: string
}

export function define(command: Command, context: CliContext): void {
  command
    .argument('<id>', `image id, or ${idHelp}`)
    .option('--accept', 'it is what was wanted')
    .option('--reject', 'it is not')
    .option('--score <number>', 'from 0 to 1, instead of the two', scoreOf)
    .option('--reason <text>', 'why; kept with it')
  withConnectOptions(command).action((id: string, options: Options) => rate(context, id, options))
}

function scoreOf(text: string): number {
  const score = Number(text)
  if (!/^\d(\.\d+)?$/.test(text) || score > 1) throw new InvalidArgumentError('Write a number from 0 to 1.')
  return score
}

async function rate(context: CliContext, typed: string, options: Options): Promise<void> {
  const { out } = context
  const word = wordOf(options)
  const client = await connect(context, options)
  const subject = typed.startsWith('img_') ? { image_id: typed } : { request_id: await selectRequest(client, typed) }
  const body: FeedbackRequest = { ...subject, ...word, ...(options.reason !== undefined && { reason: options.reason }) }
  const answer = await client.call('giveFeedback', { body })
  if (options.json) return out.json(answer)
  const changed = answer.images.filter((image) => image.changed).length
  const pictures = answer.images.length === 1 ? '1 picture' : `${answer.images.length} pictures`
  out.line(`Rated ${pictures} of ${answer.request_id}${changed === 0 ? '; nothing changed' : ''}.`)
}

function wordOf({ accept, reject, score }: Options): Pick<FeedbackRequest, 'verdict' | 'score'> {
  if ([accept, reject, score].filter((it) => it !== undefined).length !== 1)
    throw new CliError('usage', 'Exactly one of --accept, --reject and --score is needed.', {
      remedy: 'See `halftone feedback --help`.',
    })
  return score === undefined ? { verdict: accept ? 'accept' : 'reject' } : { score }
}
