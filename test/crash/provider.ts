/** The provider double of a crash run: it does what each call's plan says, and keeps the bill outside of everything that dies. */
import { setTimeout as sleep } from 'node:timers/promises'
import { type BilledCall, type DoubleScript, type SeenCall, startProviderDouble } from '../support/provider-double.ts'
import type { Bill } from './check.ts'
import type { CallPlan, CrashEvent, Moment } from './schedule.ts'

/** How far the provider got with a call. */
export type Progress = 'received' | 'billed' | 'delivered'

export interface CrashProvider {
  readonly baseUrl: string
  readonly bills: Bill[]
  /** By attempt id. */
  readonly progress: ReadonlyMap<string, Progress>
  readonly plans: ReadonlyMap<string, CallPlan>
  /** Requests that it has not answered. */
  readonly waiting: number
  /** Forget everything: another ledger begins. */
  clear(): void
  /** What the next calls are told apart by; events count from zero. */
  expect(plans: readonly CallPlan[]): void
  /** From now on every call succeeds at once. */
  behave(): void
  /** Count something that happened elsewhere. */
  count(event: CrashEvent): void
  /** Resolves at the moment; at the latest after `limitMs`. */
  reach(moment: Moment, limitMs: number): Promise<void>
  close(): Promise<void>
}

export async function startCrashProvider(): Promise<CrashProvider> {
  const plans = new Map<string, CallPlan>()
  const bills: Bill[] = []
  const progress = new Map<string, Progress>()
  let behaving = false
  let counts: Record<CrashEvent, number> = zero()
  let listeners: (() => void)[] = []
  const count = (event: CrashEvent): void => {
    counts[event] += 1
    for (const listener of listeners) listener()
  }
  const models = new Map<string, string>()
  const clientIdOf = (call: SeenCall): string | undefined => {
    const id = call.headers['x-client-request-id']
    return typeof id === 'string' ? id : undefined
  }
  const scriptFor = (call: SeenCall): DoubleScript => {
    const id = clientIdOf(call)
    const model = String(call.fields['model'])
    if (id !== undefined) {
      models.set(id, model)
      progress.set(id, 'received')
    }
    count('received')
    return behaving ? {} : (plans.get(String(call.fields['prompt']))?.scripts[model] ?? {})
  }
  const onBilled = ({ clientId, prompt, images, delivered }: BilledCall): void => {
    const step = delivered ? 'delivered' : 'billed'
    if (clientId !== undefined) progress.set(clientId, step)
    if (!delivered) bills.push({ attemptId: clientId, model: models.get(clientId ?? '') ?? '', prompt, images })
    count(step)
  }
  const double = await startProviderDouble({ scriptFor, onBilled })
  return {
    baseUrl: double.baseUrl,
    bills,
    progress,
    plans,
    get waiting() {
      return double.waiting
    },
    clear() {
      plans.clear()
      progress.clear()
      bills.length = 0
      double.reset()
    },
    expect(next) {
      for (const plan of next) plans.set(plan.prompt, plan)
      behaving = false
      counts = zero()
    },
    behave() {
      behaving = true
    },
    count,
    async reach(moment, limitMs) {
      if (moment.kind === 'time') return sleep(moment.ms)
      const { event, nth, afterMs } = moment
      await new Promise<void>((resolve) => {
        const done = (): void => {
          listeners = listeners.filter((known) => known !== look)
          clearTimeout(timer)
          resolve()
        }
        const look = (): void => {
          if (counts[event] >= nth) done()
        }
        const timer = setTimeout(done, limitMs)
        listeners.push(look)
        look()
      })
      if (afterMs > 0) await sleep(afterMs)
    },
    close: () => double.close(),
  }
}

const zero = (): Record<CrashEvent, number> => ({ received: 0, billed: 0, delivered: 0, answered: 0 })
