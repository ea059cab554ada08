/** What the fields of a route offer while one types, from the list of models. */
import type { Answer } from '../../api/paths.ts'

export interface FieldOptions {
  readonly models: readonly string[]
  readonly offers: readonly string[]
  readonly providers: readonly string[]
  readonly regions: readonly string[]
  readonly routes: readonly string[]
  /** Whatever an order, a share or a baseline may name. */
  readonly targets: readonly string[]
}

export function fieldOptions(listed: Answer<'listModels'>['data']): FieldOptions {
  const ofKind = (kind: string) => listed.flatMap(({ id, halftone }) => (halftone?.kind === kind ? [id] : []))
  const [models, offers, routes] = [ofKind('model'), ofKind('offer'), ofKind('route')]
  const providers = [...new Set(offers.flatMap((id) => id.split(':', 1)))]
  const regions = [...new Set(offers.flatMap((id) => /@([^+]+)/.exec(id)?.[1] ?? []))]
  return { models, offers, providers, regions, routes, targets: [...providers, ...models, ...offers] }
}
