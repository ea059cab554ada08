/** W3C Trace Context: the headers that carry a trace from one service to the next. They are believed for nothing else. */
import { createTraceState, isSpanContextValid, type SpanContext, type TraceFlags } from '@opentelemetry/api'

const TRACEPARENT = /^([\da-f]{2})-([\da-f]{32})-([\da-f]{16})-([\da-f]{2})(-.*)?$/
const LONGEST_STATE = 512

type Header = string | readonly string[] | undefined

/** The caller's span, or undefined where it sent none, or a wrong one. */
export function remoteParent(headers: Readonly<Record<string, Header>>): SpanContext | undefined {
  const { traceparent, tracestate } = headers
  if (typeof traceparent !== 'string') return undefined
  const [, version, traceId = '', spanId = '', flags = '', rest] = TRACEPARENT.exec(traceparent) ?? []
  if (version === undefined || version === 'ff' || (version === '00' && rest !== undefined)) return undefined
  const state = typeof tracestate === 'string' ? tracestate : (tracestate ?? []).join(',')
  const context: SpanContext = {
    traceId,
    spanId,
    // Any sender may set more bits than are defined.
    traceFlags: (Number.parseInt(flags, 16) & 1) as TraceFlags,
    isRemote: true,
    ...(state !== '' && state.length <= LONGEST_STATE && { traceState: createTraceState(state) }),
  }
  return isSpanContextValid(context) ? context : undefined
}

export function traceHeaders({ traceId, spanId, traceFlags, traceState }: SpanContext): Readonly<Record<string, string>> {
  const state = traceState?.serialize()
  return {
    traceparent: `00-${traceId}-${spanId}-${(traceFlags & 1).toString(16).padStart(2, '0')}`,
    ...(state && { tracestate: state }),
  }
}
