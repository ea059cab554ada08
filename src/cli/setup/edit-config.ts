/** The plan written into `halftone.yaml`: what stands there, comments included, stays. */
import { type Document, isMap, parseDocument } from 'yaml'
import { CliError } from '../exit.ts'
import type { Account, SetupPlan } from './accounts.ts'

const HEADER = ` Halftone's configuration. Every key: docs/reference/configuration.md
 Check it with: halftone config check`

/** The new text of the file; `before` is undefined when there is none yet. */
export function editConfig(before: string | undefined, plan: SetupPlan): string {
  const document = parseDocument(before ?? '')
  const [problem] = document.errors
  if (problem !== undefined || (document.contents !== null && !isMap(document.contents))) {
    throw new CliError('config', 'The configuration file cannot be read as YAML, so it cannot be added to.', {
      remedy: 'Mend it first: `halftone config check` shows where.',
      cause: problem,
    })
  }
  if (before === undefined) document.commentBefore = HEADER
  for (const account of plan.accounts) setAccount(document, account)
  if (plan.maxUsdPerDay !== undefined) document.set('maxUsdPerDay', numberOrText(plan.maxUsdPerDay))
  return document.toString({ lineWidth: 0 })
}

/** An entry that exists keeps its other settings. */
function setAccount(document: Document, { name, type, baseUrl, key, options, models, perImage }: Account): void {
  const entry = ['providers', name]
  const set = (field: string, value: unknown) => document.setIn([...entry, field], document.createNode(value))
  if (!isMap(document.get('providers'))) document.set('providers', document.createNode({}))
  if (!isMap(document.getIn(entry))) document.setIn(entry, document.createNode({}))
  if (type !== name || document.hasIn([...entry, 'type'])) set('type', type)
  if (baseUrl !== undefined) set('baseUrl', baseUrl)
  if (key !== undefined) set('apiKey', key.kind === 'variable' ? `\${${key.variable}}` : key.secret.replaceAll('${', () => '$${'))
  for (const [option, value] of Object.entries(options ?? {})) document.setIn([...entry, 'options', option], value)
  if (models !== undefined) set('models', models)
  if (perImage !== undefined) set('prices', { '*': { perImage: numberOrText(perImage) } })
  // An empty entry reads like a mistake; naming the type says what it is.
  const node = document.getIn(entry)
  if (isMap(node) && node.items.length === 0) set('type', type)
}

/** `10` rather than `"10"`, where the number says exactly the same. */
const numberOrText = (text: string): number | string => (String(Number(text)) === text ? Number(text) : text)
