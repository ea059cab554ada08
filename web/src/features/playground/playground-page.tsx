import { useQueries, useQuery } from '@tanstack/react-query'
import { getRouteApi, useLocation, useNavigate } from '@tanstack/react-router'
import { type FormEvent, type KeyboardEvent, useEffect, useRef, useState } from 'react'
import { modelsQuery, quoteQuery, statusQuery } from '../../api/queries.ts'
import { exactUsd } from '../../lib/money.ts'
import { useSettled } from '../../lib/use-settled.ts'
import { ConfirmDialog } from '../../ui/dialog.tsx'
import { Exact } from '../../ui/money.tsx'
import { ErrorNotice, Loading } from '../../ui/notice.tsx'
import { PageHeader } from '../../ui/page-header.tsx'
import { CompareBoard } from './compare-board.tsx'
import { QuoteFigure, QuotePanel } from './quote-panel.tsx'
import { ResultPanel } from './result-panel.tsx'
import { needsConfirmation, selectTotal, type TotalQuote } from './select-compare.ts'
import { type PlaygroundForm, selectBody, selectQuoteBody, targetsOf } from './select-form.ts'
import { selectQuote } from './select-quote.ts'
import { SettingsForm } from './settings-form.tsx'
import { TargetList } from './target-list.tsx'
import { useRuns } from './use-runs.ts'

const route = getRouteApi('/shell/playground')
/** A quote is asked for when the typing rests this long. */
const QUOTE_QUIET_MS = 350

export function PlaygroundPage() {
  const form = route.useSearch()
  const navigate = useNavigate()
  const handedPrompt = useLocation({ select: (location) => location.state.prompt })
  const [prompt, setPrompt] = useState(handedPrompt ?? '')
  const [asking, setAsking] = useState(false)
  const { runs, make } = useRuns()
  const result = useRef<HTMLElement>(null)
  const models = useQuery(modelsQuery)
  const status = useQuery(statusQuery)
  const targets = targetsOf(form)
  const body = selectBody(form, prompt)
  const settled = useSettled({ form, prompt }, QUOTE_QUIET_MS)
  const { quotes, total, fetching } = useQuotes(targets, settled)
  // A price that is still being asked for is that of another request.
  const priced = !fetching && JSON.stringify(settled) === JSON.stringify({ form, prompt })
  const running = [...runs.values()].some(({ run }) => run.kind === 'running')
  // Before the state is read nobody knows whether this spends money; should it be unreadable, the button asks first.
  const ready = body.prompt !== '' && !running && !status.isPending
  const change = (next: PlaygroundForm) => void navigate({ to: '/playground', search: next, replace: true })
  const quoted = useSettled(selectQuoteBody(form, prompt), QUOTE_QUIET_MS)
  const phase = runs.size === 0 ? 'idle' : running ? 'running' : 'done'

  // On a phone the result is below the form, so the page follows it; on a wide screen it is beside it and nothing moves.
  useEffect(() => {
    if (phase !== 'idle' && !window.matchMedia('(min-width: 64rem)').matches) result.current?.scrollIntoView({ block: 'start' })
  }, [phase])

  const start = () => {
    setAsking(false)
    make(
      targets.map((target) => {
        const quote = quotes.get(target)?.data
        return { target, body: selectBody(form, prompt, target), quotedUsd: quote && selectQuote(quote).chosen?.expected_usd }
      }),
    )
  }
  const submit = (event: FormEvent | KeyboardEvent) => {
    event.preventDefault()
    if (!ready) return
    const spends = status.data?.spends_money ?? true
    if (needsConfirmation(total, spends) || (spends && !priced)) setAsking(true)
    else start()
  }
  const first = runs.get(targets[0] ?? 'auto')?.run ?? { kind: 'idle' as const }

  return (
    <>
      <PageHeader title="Playground" />
      <div className="mt-5 grid items-start gap-x-10 gap-y-8 lg:grid-cols-[minmax(0,27rem)_minmax(0,1fr)]">
        <form onSubmit={submit} className="flex flex-col gap-5">
          <PromptField prompt={prompt} onChange={setPrompt} onSubmit={submit} />
          <div className="-mt-2 flex items-center justify-between gap-4">
            {targets.length > 1 ? (
              <TotalFigure total={total} count={targets.length} prompt={body.prompt} />
            ) : (
              <QuoteFigure body={quoted} />
            )}
            <button
              type="submit"
              className="button button-primary shrink-0 px-5"
              disabled={!ready}
              title="Ctrl+Enter from the prompt"
            >
              {buttonText(form, targets.length, running)}
            </button>
          </div>
          {models.data && (
            <>
              <SettingsForm form={form} models={models.data.data} onChange={change} />
              <TargetList form={form} models={models.data.data} onChange={change} />
            </>
          )}
          {models.isPending && <Loading label="Loading the models" />}
          {models.error && (
            <ErrorNotice error={models.error} title="The models could not be read" retry={() => void models.refetch()} />
          )}
          {targets.length === 1 && (
            <section aria-label="Quote" className="border-t border-ink pt-3">
              <QuotePanel body={quoted} form={form} onChange={change} />
            </section>
          )}
        </form>
        {targets.length > 1 ? (
          <section ref={result} aria-label="Result" className="min-w-0 scroll-mt-16">
            <CompareBoard targets={targets} quotes={quotes} runs={runs} />
          </section>
        ) : (
          <section ref={result} aria-label="Result" className="sheet min-h-80 min-w-0 scroll-mt-16 p-4 sm:p-6">
            <ResultPanel run={first} />
          </section>
        )}
      </div>
      <ConfirmPurchase open={asking} total={total} count={targets.length} onConfirm={start} onClose={() => setAsking(false)} />
    </>
  )
}

interface PromptFieldProps {
  readonly prompt: string
  readonly onChange: (prompt: string) => void
  /** Ctrl+Enter. */
  readonly onSubmit: (event: KeyboardEvent) => void
}

function PromptField({ prompt, onChange, onSubmit }: PromptFieldProps) {
  return (
    <div>
      <label htmlFor="prompt" className="mb-1 block font-medium">
        Prompt
      </label>
      <textarea
        id="prompt"
        className="field min-h-28 resize-y"
        maxLength={32_000}
        placeholder="A lighthouse at dusk, screen print, three colours"
        value={prompt}
        onChange={(event) => onChange(event.target.value)}
        onKeyDown={(event) => event.key === 'Enter' && (event.ctrlKey || event.metaKey) && onSubmit(event)}
      />
    </div>
  )
}

interface ConfirmPurchaseProps {
  readonly open: boolean
  readonly total: TotalQuote
  readonly count: number
  readonly onConfirm: () => void
  readonly onClose: () => void
}

function ConfirmPurchase({ open, total, count, onConfirm, onClose }: ConfirmPurchaseProps) {
  return (
    <ConfirmDialog
      open={open}
      title={count > 1 ? `Buy from ${count} offers?` : 'Buy this picture?'}
      confirm={`Spend ${exactUsd(total.expectedUsd)}`}
      onConfirm={onConfirm}
      onClose={onClose}
    >
      <p>
        This spends real money: {exactUsd(total.expectedUsd)} expected,{' '}
        {total.maxUsd === null ? 'with no upper bound known' : `${exactUsd(total.maxUsd)} at most`}.
        {total.unquoted > 0 && ` The price of ${total.unquoted} of them is not known.`}
      </p>
    </ConfirmDialog>
  )
}

function buttonText(form: PlaygroundForm, targets: number, running: boolean): string {
  if (running) return 'Making it'
  if (targets > 1) return `Make on ${targets}`
  return (form.n ?? 1) > 1 ? `Make ${form.n} pictures` : 'Make the picture'
}

/** Every target's quote for the settled form, and their sum. */
function useQuotes(targets: readonly string[], settled: { readonly form: PlaygroundForm; readonly prompt: string }) {
  const answers = useQueries({
    queries: targets.map((target) => ({
      // One target: the very quote that the panel shows.
      ...quoteQuery((targets.length > 1 ? selectBody : selectQuoteBody)(settled.form, settled.prompt, target)),
      enabled: settled.prompt.trim() !== '',
    })),
  })
  const quotes = new Map(targets.map((target, index) => [target, { data: answers[index]?.data, error: answers[index]?.error }]))
  return { quotes, total: selectTotal(answers.map(({ data }) => data)), fetching: answers.some(({ isFetching }) => isFetching) }
}

function TotalFigure({ total, count, prompt }: { total: TotalQuote; count: number; prompt: string }) {
  if (prompt === '') return <p className="label max-w-52">Write a prompt: every price appears before anything is made.</p>
  return (
    <div aria-live="polite" data-quote="total">
      <Exact usd={total.expectedUsd} className="text-[1.75rem] leading-none font-bold tracking-tight" />
      <p className="label num mt-0.5">
        together on {count}
        {total.maxUsd !== null && total.maxUsd !== total.expectedUsd && `, at most ${exactUsd(total.maxUsd)}`}
        {total.maxUsd === null && ', no upper bound known'}
      </p>
      {total.unquoted > 0 && <p className="label text-warn">{total.unquoted} without a price</p>}
    </div>
  )
}
