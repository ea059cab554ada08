/** Successful answers in OpenAI's shape: images, revised prompts, reported cost. */
import type { JsonObject, JsonValue } from '../../core/json.ts'
import type { ReportedCost } from '../../core/outcome.ts'
import { bodyIndexOf } from '../../net/json-scanner.ts'
import type { DecodedImage, ImageSource } from '../define-provider.ts'
import { asList, asNumber, asObject, asText, decimalText } from '../kit/read.ts'

/** Members that hold base64 in `data[]` and in stream events. */
export const imageKeys = ['b64_json', 'b64'] as const

/** The images of `data[]`, or of a bare list; an item without image or URL is left out. */
export function imagesOf(value: JsonValue): DecodedImage[] {
  const items = asList(asObject(value)?.['data']) ?? asList(value) ?? []
  return items.flatMap((item) => {
    const source = sourceOf(item)
    if (!source) return []
    const revisedPrompt = asText(asObject(item)?.['revised_prompt'])
    const seed = asNumber(asObject(item)?.['seed'])
    return [{ source, ...(revisedPrompt === undefined ? {} : { revisedPrompt }), ...(seed === undefined ? {} : { seed }) }]
  })
}

/** Bytes before links: some servers send both. A `data:` URL was cut out like any other image. */
export function sourceOf(item: JsonValue): ImageSource | undefined {
  const whole = bodyIndexOf(item)
  if (whole !== undefined) return { body: whole }
  const object = asObject(item)
  for (const key of [...imageKeys, 'url', 'image'] as const) {
    const body = bodyIndexOf(object?.[key])
    if (body !== undefined) return { body }
  }
  const url = asText(object?.['url'])
  return url === undefined ? undefined : { url }
}

/** What the answer says it cost, in USD: 0 is an answer, absence is not. */
export function reportedCostOf(
  usage: JsonObject | undefined,
  headers: Readonly<Record<string, string>>,
): ReportedCost | undefined {
  const header = 'x-litellm-response-cost'
  const sources = [
    ['usage.cost', decimalText(usage?.['cost'])],
    [header, decimalText(headers[header])],
  ] as const
  const found = sources.find(([, amount]) => amount !== undefined)
  return found?.[1] === undefined ? undefined : { amount: found[1], unit: 'USD', source: found[0] }
}
