import { useMemo, useState } from 'react'
import type { RouteTrialWire, RouteWire } from '../../../../src/contract/routes.ts'
import { isChanged, type RouteDocument, withoutDefaults } from './select-routes.ts'

/** The document as it is written, kept while one looks at other tabs, and the version it began from. */
export interface Draft {
  readonly name: string
  readonly document: RouteDocument
  /** It differs from the version it began from. */
  readonly changed: boolean
  /** A text that is no document; the last one that was stays. */
  readonly textProblem: string | undefined
  readonly base: { readonly version: number; readonly document: RouteDocument }
  /** What stands by now, where that is another version than the base. */
  readonly newer: RouteWire | undefined
  /** Of the last dry run, with the document it ran on. */
  readonly trial: { readonly of: RouteDocument; readonly result: RouteTrialWire } | undefined
  /** Set anew, when the text on screen has to be written again. */
  readonly generation: number
  change(document: RouteDocument): void
  failText(problem: string): void
  tried(of: RouteDocument, result: RouteTrialWire): void
  /** Forget the changes; with a route, begin anew from it. */
  restart(standing?: RouteWire): void
  /** Keep the changes, to be saved on top of what stands. */
  rebase(standing: RouteWire): void
}

interface Begin {
  readonly name: string
  readonly standing: RouteWire | null
  readonly begin: RouteDocument
}

export function useDraft({ name, standing, begin }: Begin): Draft {
  const [base, setBase] = useState({ version: standing?.version ?? 0, document: standing ? begin : {} })
  const [document, setDocument] = useState<RouteDocument>(begin)
  const [textProblem, setTextProblem] = useState<string>()
  const [trial, setTrial] = useState<Draft['trial']>()
  const [generation, setGeneration] = useState(0)
  return useMemo(() => {
    const baseOf = (wire: RouteWire) => ({
      version: wire.version,
      document: withoutDefaults(wire.document as RouteDocument),
    })
    return {
      name,
      document,
      changed: isChanged(base.document, document) || textProblem !== undefined,
      textProblem,
      base,
      newer: standing && standing.version !== base.version ? standing : undefined,
      trial,
      generation,
      change: (next) => {
        setDocument(next)
        setTextProblem(undefined)
      },
      failText: setTextProblem,
      tried: (of, result) => setTrial({ of, result }),
      restart: (wire) => {
        const fresh = wire ? baseOf(wire) : base
        setBase(fresh)
        setDocument(fresh.document)
        setTextProblem(undefined)
        setGeneration((known) => known + 1)
      },
      rebase: (wire) => setBase(baseOf(wire)),
    } satisfies Draft
  }, [name, document, base, textProblem, trial, generation, standing])
}
