import type { Command } from 'commander'
import { confirm } from '../confirm.ts'
import { type ConnectOptions, connect, withConnectOptions } from '../connect.ts'
import type { CliContext } from '../context.ts'
import { CliError } from '../exit.ts'
import { plural } from '../format.ts'

interface Options extends ConnectOptions {
  readonly only?: 'prompts' | 'images'
  readonly before?: string
  readonly yes?: boolean
}

export function define(command: Command, context: CliContext): void {
  const add = (name: string, argument: string, summary: string): Command => {
    const sub = command
      .command(name)
      .summary(summary)
      .description(`${summary.charAt(0).toUpperCase()}${summary.slice(1)}.`)
    return withConnectOptions(
      sub.argument('<id>', argument).option('--only <what>', 'prompts or images alone').option('--yes', 'do not ask'),
    )
  }
  add('request', 'id of the request', 'prompt, parameters and images of one request').action((id: string, options: Options) =>
    run(context, options, { request_id: id }, `Delete the content of request ${id}?`),
  )
  add('customer', 'the end customer, as requests name it', 'everything of one end customer, the name included').action(
    (id: string, options: Options) => run(context, options, { end_customer: id }, 'Delete everything of this end customer?'),
  )
  add('group', 'name of the group', 'everything of one group, the name included').action((id: string, options: Options) =>
    run(context, options, { group: id }, `Delete everything of group ${id}?`),
  )
  add('tag', 'the tag, such as campaign=ann', 'everything with one value of a tag, the value included').action(
    (id: string, options: Options) => run(context, options, { tag: tagOf(id) }, `Delete everything with ${id}?`),
  )
  add('project', 'id of the project', 'content of a project up to a time')
    .requiredOption('--before <time>', 'only requests made before this time, such as 2026-10-01T00:00:00Z')
    .action((id: string, options: Options) =>
      run(context, options, { project_id: id, before: options.before }, `Delete the content of project ${id}?`),
    )
}

function tagOf(text: string): { readonly key: string; readonly value: string } {
  const cut = text.indexOf('=')
  if (cut < 1 || cut === text.length - 1) throw new CliError('usage', `Write the tag as name=value, not "${text}".`)
  return { key: text.slice(0, cut), value: text.slice(cut + 1) }
}

async function run(context: CliContext, options: Options, subject: object, question: string): Promise<void> {
  const { out } = context
  await confirm(context, `${question} What it cost stays.`, options.yes)
  const client = await connect(context, options)
  const done = await client.call('deleteContent', { body: { ...subject, ...(options.only && { what: options.only }) } })
  if (options.json) return out.json(done)
  out.line(`Deleted: content of ${plural(done.requests, 'request')}, ${plural(done.images, 'image')}. Files go within minutes.`)
  if (done.replaced_by !== null) out.line(`In requests and sums the name is ${done.replaced_by} now.`)
  if (done.running > 0) out.line(`${plural(done.running, 'request')} still running: delete again when done.`)
}
