/** Requests by what a person types: the whole id, its end as the list shows it, or `last`. */
import type { Client } from './client.ts'
import { CliError } from './exit.ts'

const WHOLE_ID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/
/** Short ids are looked up among this many of the newest requests. */
const LOOKBACK = 200

export const idHelp = `request id, its last characters, or "last" (looked up among the newest ${LOOKBACK})`

/** The whole id. */
export async function selectRequest(client: Client, typed: string): Promise<string> {
  const id = typed.toLowerCase()
  if (WHOLE_ID.test(id)) return id
  if (id !== 'last' && !/^[0-9a-f-]{4,36}$/.test(id)) {
    throw new CliError('usage', `"${typed}" is not a request id.`, { remedy: 'See `halftone requests`, or write "last".' })
  }
  const { data } = await client.call('listRequests', { query: { limit: id === 'last' ? 1 : LOOKBACK } })
  const matches = id === 'last' ? data.slice(0, 1) : data.filter((request) => request.id.endsWith(id))
  const [match] = matches
  if (match !== undefined && matches.length === 1) return match.id
  if (match !== undefined)
    throw new CliError('usage', `${matches.length} requests end in "${typed}".`, { remedy: 'Write more of the id.' })
  const message = id === 'last' ? 'There is no request yet.' : `None of the newest ${LOOKBACK} requests ends in "${typed}".`
  throw new CliError('usage', message, { remedy: 'See `halftone requests`.' })
}
