import type { OfferFactsWire } from '../../../../src/contract/facts.ts'
import { hostOf, safeUrl } from '../../lib/rates.ts'
import { factLines } from './select-capabilities.ts'

/** Facts with their sources. What is unknown meets no requirement of a route, so it says how to state it. */
export function Facts({ facts, provider }: { facts: OfferFactsWire; provider: string }) {
  const lines = factLines(facts)
  return (
    <>
      <dl className="text-sm">
        {lines.map(({ name, text, source }) => (
          <div key={name} className="grid grid-cols-[8rem_minmax(0,1fr)] gap-x-4 border-b border-rule py-1.5">
            <dt className="text-muted">{name}</dt>
            <dd>
              <span className={source ? '' : 'text-warn'}>{text}</span>
              {source && (
                <span className="label block">
                  {source.kind}, checked {source.checkedAt} <Source url={source.url} />
                  {source.note && <span className="block break-words">{source.note}</span>}
                </span>
              )}
            </dd>
          </div>
        ))}
      </dl>
      {lines.some(({ source }) => source === null) && (
        <p className="label mt-2">
          Routes that require what is unknown pass this offer over. Set providers.{provider}.facts in halftone.yaml to what your
          agreement says.
        </p>
      )}
    </>
  )
}

/** A link only where the address is one. */
export function Source({ url }: { url: string }) {
  const address = safeUrl(url)
  if (address === undefined) return <span className="break-words">{url}</span>
  return (
    <a href={address} target="_blank" rel="noreferrer noopener" className="break-all underline underline-offset-2">
      {hostOf(address)}
    </a>
  )
}
