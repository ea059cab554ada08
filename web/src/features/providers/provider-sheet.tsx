import { Link } from '@tanstack/react-router'
import { useState } from 'react'
import type { ProviderOfferWire, ProviderWire } from '../../../../src/contract/providers.ts'
import { formatCount } from '../../lib/numbers.ts'
import { formatAge, formatMoment } from '../../lib/time.ts'
import { useNow } from '../../lib/use-now.ts'
import { Dialog } from '../../ui/dialog.tsx'
import { Figures, Part } from '../../ui/sheet.tsx'
import { WithCode } from '../../ui/with-code.tsx'
import { Source } from '../models/facts.tsx'
import { usePermission } from '../shell/use-session.ts'
import { lastErrorOf, offerState, stateOf } from './select-providers.ts'
import { StateDot } from './state-dot.tsx'
import { Verify } from './verify.tsx'

/** One account: what doctor finds, its keys and places, each offer's breaker, and verifying it with real pictures. */
export function ProviderSheet({ provider, onClose }: { provider: ProviderWire; onClose: () => void }) {
  const [verifying, setVerifying] = useState(false)
  const maySpend = usePermission('providers.write')
  const mayMake = usePermission('images.make')
  const canVerify = maySpend && mayMake && !provider.disabled && !provider.sandbox && provider.offers.length > 0
  return (
    <Dialog
      open
      kind="sheet"
      title={provider.name}
      onClose={onClose}
      actions={
        canVerify &&
        !verifying && (
          <button type="button" className="button button-primary" onClick={() => setVerifying(true)}>
            Verify with real pictures
          </button>
        )
      }
    >
      <p className="flex flex-wrap items-center gap-x-4">
        <StateDot state={stateOf(provider)} />
        <span className="num font-mono text-sm break-all text-muted">{provider.host ?? provider.type}</span>
      </p>
      <Facts provider={provider} />
      {verifying && (
        <Part title="Verify">
          <Verify provider={provider.name} onDone={() => setVerifying(false)} />
        </Part>
      )}
      <Part title="What doctor finds">
        <Findings provider={provider} />
      </Part>
      <LastError provider={provider} />
      <Part title={`Offers (${formatCount(provider.offers.length)})`}>
        {provider.offers.length === 0 ? (
          <p className="text-muted">
            {provider.disabled
              ? 'A disabled account offers nothing.'
              : 'It offers nothing: list its models under its name in halftone.yaml.'}
          </p>
        ) : (
          <ul className="text-sm">
            {provider.offers.map((offer) => (
              <Offer key={offer.offer} offer={offer} />
            ))}
          </ul>
        )}
      </Part>
    </Dialog>
  )
}

function Facts({ provider }: { provider: ProviderWire }) {
  const { keys, places, queue, discovery } = provider
  const lines: readonly (readonly [string, React.ReactNode])[] = [
    ['Type', provider.type],
    ['Configured', { file: 'in halftone.yaml', environment: 'by its variable', built_in: 'built in' }[provider.managed_by]],
    [
      'Keys',
      keys.total === 0
        ? 'none'
        : keys.resting === 0
          ? `${keys.total}`
          : `${keys.total}, ${keys.resting} resting${keys.rests_until ? ` until ${keys.rests_until.slice(11, 19)} UTC` : ''}`,
    ],
    ['At once', places ? `${places.running} of ${places.total} running, ${places.waiting} waiting` : 'as many as come'],
    ['Queue', queue === null ? 'it has none' : `${queue} ahead of a new call`],
    ...(discovery
      ? [['Discovery', discovery.problem ?? `asked ${discovery.asked_at.slice(11, 19)} UTC, answered`] as const]
      : []),
    ...(provider.documentation ? [['Documentation', <Source key="documentation" url={provider.documentation} />] as const] : []),
  ]
  return <Figures lines={lines} />
}

const marks = { ok: ['\u2713', 'text-good'], notice: ['!', 'text-warn'], wrong: ['\u2715', 'text-bad'] } as const
const levels = { ok: 'In order', notice: 'Worth a look', wrong: 'Wrong' } as const

const Findings = ({ provider }: { provider: ProviderWire }) => (
  <ul className="text-sm">
    {provider.findings.map(({ level, message, remedy }) => (
      <li key={message} className="grid grid-cols-[1.25rem_minmax(0,1fr)] border-b border-rule py-1.5" data-finding={level}>
        <span className={`font-semibold ${marks[level][1]}`}>
          <span aria-hidden="true">{marks[level][0]}</span>
          <span className="sr-only">{levels[level]}: </span>
        </span>
        <span className="break-words">
          {message}
          {remedy && (
            <span className="block text-muted">
              <WithCode text={remedy} />
            </span>
          )}
        </span>
      </li>
    ))}
  </ul>
)

function LastError({ provider }: { provider: ProviderWire }) {
  const now = useNow(15_000)
  const error = lastErrorOf(provider)
  if (!error) return null
  return (
    <Part title="Last error">
      <p className="text-sm break-words">{error.message}</p>
      <p className="label mt-1">
        <span className="font-mono">{error.code}</span>, {error.offer},{' '}
        <span title={formatMoment(error.at)}>{formatAge(error.at, now)}</span>
      </p>
    </Part>
  )
}

function Offer({ offer }: { offer: ProviderOfferWire }) {
  const { verified } = offer
  const state = offerState(offer)
  return (
    <li className="border-b border-rule py-2" data-offer={offer.offer}>
      <div className="flex flex-wrap items-baseline justify-between gap-x-4">
        <Link
          to="/models"
          search={{ offer: offer.offer, used: 'all' }}
          className="font-medium break-all underline-offset-2 hover:underline"
        >
          {offer.offer.slice(offer.offer.indexOf(':') + 1)}
        </Link>
        <StateDot state={state} />
      </div>
      <p className="label">
        {offer.calls > 0 && `${formatCount(offer.calls)} calls since the start, ${offer.in_flight} running. `}
        {offer.concurrency_limit !== null && `Bears ${offer.concurrency_limit} at once. `}
        {offer.blocked_until && `Left alone until ${offer.blocked_until.slice(11, 19)} UTC. `}
        {offer.assumed && 'Of a wire format nobody confirmed: chosen only by name. '}
        {verified
          ? `Verified ${verified.at.slice(0, 10)} for $${verified.cost_usd}: ${verified.departures.length === 0 ? 'all as said' : verified.departures.join('; ')}.`
          : 'Never verified.'}
      </p>
      {offer.last_error && (
        <p className="label text-bad">
          {offer.last_error.code}: {offer.last_error.message}
        </p>
      )}
    </li>
  )
}
