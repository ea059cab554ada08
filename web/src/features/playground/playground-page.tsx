import { useQuery } from '@tanstack/react-query'
import { getRouteApi, useLocation, useNavigate } from '@tanstack/react-router'
import { type FormEvent, type KeyboardEvent, useEffect, useRef, useState } from 'react'
import { call } from '../../api/client.ts'
import type { Body } from '../../api/paths.ts'
import { modelsQuery } from '../../api/queries.ts'
import { useSettled } from '../../lib/use-settled.ts'
import { ErrorNotice, Loading } from '../../ui/notice.tsx'
import { QuoteFigure, QuotePanel } from './quote-panel.tsx'
import { ResultPanel, type Run } from './result-panel.tsx'
import { changeForm, type PlaygroundForm, selectBody } from './select-form.ts'
import { SettingsForm } from './settings-form.tsx'

const route = getRouteApi('/shell/playground')
/** A quote is asked for when the typing rests this long. */
const QUOTE_QUIET_MS = 350

export function PlaygroundPage() {
  const form = route.useSearch()
  const navigate = useNavigate()
  const handedPrompt = useLocation({ select: (location) => location.state.prompt })
  const [prompt, setPrompt] = useState(handedPrompt ?? '')
  const [run, make] = useRun()
  const result = useRef<HTMLElement>(null)
  const models = useQuery(modelsQuery)
  const body = selectBody(form, prompt)
  const quoted = useSettled(body, QUOTE_QUIET_MS)
  const ready = body.prompt !== '' && run.kind !== 'running'
  const change = (next: PlaygroundForm) => void navigate({ to: '/playground', search: next, replace: true })

  // On a phone the result is below the form, so the page follows it; on a wide screen it is beside it and nothing moves.
  useEffect(() => {
    if (run.kind !== 'idle' && !window.matchMedia('(min-width: 64rem)').matches)
      result.current?.scrollIntoView({ block: 'start' })
  }, [run.kind])

  const submit = (event: FormEvent | KeyboardEvent) => {
    event.preventDefault()
    if (ready) make(body)
  }

  return (
    <>
      <title>Playground · Halftone</title>
      <h1 className="text-2xl font-bold tracking-tight">Playground</h1>
      <div className="mt-5 grid items-start gap-x-10 gap-y-8 lg:grid-cols-[minmax(0,27rem)_minmax(0,1fr)]">
        <form onSubmit={submit} className="flex flex-col gap-5">
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
              onChange={(event) => setPrompt(event.target.value)}
              onKeyDown={(event) => event.key === 'Enter' && (event.ctrlKey || event.metaKey) && submit(event)}
            />
          </div>
          <div className="-mt-2 flex items-center justify-between gap-4">
            <QuoteFigure body={quoted} />
            <button
              type="submit"
              className="button button-primary shrink-0 px-5"
              disabled={!ready}
              title="Ctrl+Enter from the prompt"
            >
              {run.kind === 'running' ? 'Making it' : (form.n ?? 1) > 1 ? `Make ${form.n} pictures` : 'Make the picture'}
            </button>
          </div>
          {models.data && <SettingsForm form={form} models={models.data.data} onChange={change} />}
          {models.isPending && <Loading label="Loading the models" />}
          {models.error && (
            <ErrorNotice error={models.error} title="The models could not be read" retry={() => void models.refetch()} />
          )}
          <section aria-label="Quote" className="border-t border-ink pt-3">
            <QuotePanel body={quoted} onTake={(model) => change(changeForm(form, { model }))} />
          </section>
        </form>
        <section ref={result} aria-label="Result" className="sheet scroll-mt-3 min-h-80 p-4 sm:p-6">
          <ResultPanel run={run} />
        </section>
      </div>
    </>
  )
}

/** Runs one generation at a time. Leaving the page does not stop it: what is paid for is kept. */
function useRun(): [Run, (body: Body<'createImage'>) => void] {
  const [run, setRun] = useState<Run>({ kind: 'idle' })
  const mounted = useRef(true)
  useEffect(() => {
    mounted.current = true
    return () => {
      mounted.current = false
    }
  }, [])

  const make = async (body: Body<'createImage'>) => {
    const abort = new AbortController()
    const startedAt = Date.now()
    const began = performance.now()
    setRun({ kind: 'running', startedAt, n: body.n ?? 1, size: body.size ?? undefined, stop: () => abort.abort() })
    const ended = await call('createImage', { body, signal: abort.signal }).then(
      (answer): Run => ({ kind: 'made', prompt: body.prompt, answer, tookMs: performance.now() - began }),
      (error): Run => (abort.signal.aborted ? { kind: 'stopped' } : { kind: 'failed', error }),
    )
    if (mounted.current) setRun(ended)
  }
  return [run, (body) => void make(body)]
}
