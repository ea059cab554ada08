import type { PriceRateWire } from '../../../../src/contract/prices.ts'
import { isInForce, linesOf, rateText, stepsOf } from '../../lib/rates.ts'
import { PriceSteps } from '../../ui/price-steps.tsx'
import { Source } from '../models/facts.tsx'

const today = (): string => new Date().toISOString().slice(0, 10)

/** Each thing that is priced, with its price now in words, its source, and its steps through time where it had several. */
export function PriceLines({ rates }: { rates: readonly PriceRateWire[] }) {
  const lines = linesOf(rates)
  const day = today()
  return (
    <ul className="text-sm">
      {[...lines].map(([place, its]) => (
        <PriceLine key={place} rates={its} day={day} />
      ))}
    </ul>
  )
}

function PriceLine({ rates, day }: { rates: readonly PriceRateWire[]; day: string }) {
  const now = rates.find((rate) => isInForce(rate, day))
  const shown = now ?? rates.at(-1)
  if (!shown) return null
  const steps = stepsOf(rates)
  return (
    <li className="border-b border-rule py-2" data-price-line={shown.rate_id}>
      <p>
        <span className={`num font-medium ${now ? '' : 'text-muted'}`}>{rateText(shown)}</span>
        {shown.when && <span className="text-muted"> · {shown.when}</span>}
        {!now && <span className="text-warn"> · not in force</span>}
      </p>
      {shown.tiers && <p className="label">{shown.tiers}</p>}
      {shown.adjustments.map((text) => (
        <p key={text} className="label">
          {text}
        </p>
      ))}
      <p className={`label ${shown.stale ? 'text-warn' : ''}`}>
        since {shown.effective_from}; {shown.confidence}, checked {shown.checked_at}
        {shown.stale && ' (stale)'} <Source url={shown.source_url} />
      </p>
      {steps.length > 1 && (
        <div className="mt-2 grid items-center gap-x-4 sm:grid-cols-[minmax(0,20rem)_minmax(0,1fr)]">
          <PriceSteps
            steps={steps}
            today={day}
            label={`Its price through time: ${steps.map(({ from, text }) => `${text} from ${from}`).join(', ')}`}
          />
          <ol className="num">
            {steps.map(({ from, to, text }) => (
              <li key={from}>
                {text}{' '}
                <span className="label">
                  from {from}
                  {to ? ` to ${to}` : ''}
                </span>
              </li>
            ))}
          </ol>
        </div>
      )}
    </li>
  )
}
