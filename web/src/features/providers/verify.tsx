import { useMutation, useQueryClient } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { useState } from 'react'
import type { VerificationWire } from '../../../../src/contract/providers.ts'
import { call } from '../../api/client.ts'
import { keys } from '../../api/queries.ts'
import { counted } from '../../lib/numbers.ts'
import { ConfirmDialog } from '../../ui/dialog.tsx'
import { Form, TextField } from '../../ui/form.tsx'
import { Exact } from '../../ui/money.tsx'
import { Notice } from '../../ui/notice.tsx'
import { spendOf } from './select-providers.ts'

const USUAL_SPEND = '0.25'

/** Buy the smallest picture of each offer: first what it would cost, then a question, then the result beside what was said. */
export function Verify({ provider, onDone }: { provider: string; onDone: () => void }) {
  const [typed, setTyped] = useState(USUAL_SPEND)
  const [confirming, setConfirming] = useState(false)
  const client = useQueryClient()
  const most = spendOf(typed)
  const body = (dryRun: boolean) => ({ max_spend_usd: most ?? '0', ...(dryRun && { dry_run: true }) })
  const plan = useMutation({ mutationFn: () => call('verifyProvider', { id: provider, body: body(true) }) })
  const buy = useMutation({
    mutationFn: () => call('verifyProvider', { id: provider, body: body(false) }),
    onSettled: async () => {
      setConfirming(false)
      await client.invalidateQueries({ queryKey: keys.providers })
    },
  })
  if (buy.data) return <Results result={buy.data} onDone={onDone} />
  return (
    <>
      <p className="mb-3 text-sm text-muted">
        Buys the smallest, cheapest picture of each offer, one after the other, through this gateway: they stand in the ledger, in
        the group verify, and count towards budgets. Then pixels, fields and cost are held against what is known beforehand.
      </p>
      <Form
        error={buy.error ?? plan.error}
        fields={['max_spend_usd']}
        className="flex flex-wrap items-end gap-3"
        onSubmit={() => most && plan.mutate()}
      >
        <div className="w-44">
          <TextField
            name="max_spend_usd"
            label="Spend at most (USD)"
            inputMode="decimal"
            value={typed}
            problem={most === undefined ? 'Write USD such as 0.25.' : undefined}
            onChange={(event) => {
              setTyped(event.target.value)
              plan.reset()
            }}
          />
        </div>
        <button type="submit" className="button" disabled={plan.isPending || most === undefined}>
          {plan.isPending ? 'Asking for quotes' : 'Show what would be bought'}
        </button>
      </Form>
      {plan.data && <Plan plan={plan.data} pending={buy.isPending} onBuy={() => setConfirming(true)} />}
      <ConfirmDialog
        open={confirming}
        title={`Spend up to $${plan.data?.max_usd ?? most} of real money?`}
        confirm={buy.isPending ? 'Buying' : `Buy ${counted(plan.data?.probes.length ?? 0, 'picture')}`}
        pending={buy.isPending}
        onConfirm={() => buy.mutate()}
        onClose={() => setConfirming(false)}
      >
        {counted(plan.data?.probes.length ?? 0, 'picture')} will be bought from {provider} with its own key. This cannot be
        undone.
      </ConfirmDialog>
    </>
  )
}

function Plan({ plan, pending, onBuy }: { plan: VerificationWire; pending: boolean; onBuy: () => void }) {
  return (
    <div className="mt-4" aria-live="polite">
      {plan.probes.length === 0 ? (
        <Notice tone="warn" title="Nothing can be bought for that">
          Raise the amount; below stands what each offer lacks.
        </Notice>
      ) : (
        <table className="data-table">
          <caption className="sr-only">What would be bought</caption>
          <thead>
            <tr>
              <th scope="col">Offer</th>
              <th scope="col" className="text-right">
                Expected
              </th>
              <th scope="col" className="text-right">
                At most
              </th>
            </tr>
          </thead>
          <tbody>
            {plan.probes.map((probe) => (
              <tr key={probe.offer} data-probe={probe.offer}>
                <th scope="row">
                  <span className="break-all">{nameOf(probe.offer)}</span>
                  <span className="label block font-normal">
                    {probe.operation.replaceAll('_', ' ')} {probe.size} {probe.quality}
                  </span>
                </th>
                <td className="text-right">
                  <Exact usd={probe.expected_usd} />
                </td>
                <td className="text-right">
                  <Exact usd={probe.max_usd} />
                </td>
              </tr>
            ))}
          </tbody>
          <tfoot>
            <tr className="ledger-total">
              <td>{counted(plan.probes.length, 'picture')}</td>
              <td />
              <td className="text-right" data-verify="max">
                <Exact usd={plan.max_usd} />
              </td>
            </tr>
          </tfoot>
        </table>
      )}
      <LeftOut plan={plan} />
      {plan.probes.length > 0 && (
        <button type="button" className="button button-primary mt-3" disabled={pending} onClick={onBuy}>
          Buy them
        </button>
      )}
    </div>
  )
}

const nameOf = (offer: string): string => offer.slice(offer.indexOf(':') + 1)

const LeftOut = ({ plan }: { plan: VerificationWire }) =>
  plan.left_out.length === 0 ? null : (
    <details className="mt-2 text-sm">
      <summary className="label">{counted(plan.left_out.length, 'offer')} left out</summary>
      <ul>
        {plan.left_out.map(({ offer, reason }) => (
          <li key={offer} className="py-0.5 break-words">
            {nameOf(offer)} <span className="text-muted">{reason}</span>
          </li>
        ))}
      </ul>
    </details>
  )

function Results({ result, onDone }: { result: VerificationWire; onDone: () => void }) {
  const departed = result.results.filter(({ departures }) => departures.length > 0).length
  return (
    <div aria-live="polite">
      <Notice
        tone={departed === 0 ? 'note' : 'warn'}
        title={
          departed === 0
            ? 'All as codec and price book say'
            : `${counted(departed, 'offer')} of ${result.results.length} not as said`
        }
      >
        {counted(result.results.length, 'picture')} bought for <Exact usd={result.spent_usd} />.
      </Notice>
      <table className="data-table mt-3">
        <caption className="sr-only">What was bought</caption>
        <thead>
          <tr>
            <th scope="col">Offer</th>
            <th scope="col">Result</th>
            <th scope="col" className="text-right">
              Cost
            </th>
          </tr>
        </thead>
        <tbody>
          {result.results.map((each) => (
            <tr key={each.offer} data-result={each.offer}>
              <th scope="row">
                <span className="break-all">{nameOf(each.offer)}</span>
                <span className="label block font-normal">{each.size ?? 'no picture'}</span>
              </th>
              <td className="break-words">
                {each.departures.length === 0 ? (
                  <span className="text-good">as said</span>
                ) : (
                  <span className="text-bad">{each.departures.join('; ')}</span>
                )}
                {each.request_id && (
                  <Link
                    to="/requests/$requestId"
                    params={{ requestId: each.request_id }}
                    className="label block underline underline-offset-2"
                  >
                    its receipt
                  </Link>
                )}
              </td>
              <td className="text-right">
                <Exact usd={each.cost_usd} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      <LeftOut plan={result} />
      <button type="button" className="button mt-3" onClick={onDone}>
        Done
      </button>
    </div>
  )
}
