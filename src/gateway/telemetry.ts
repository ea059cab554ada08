/** What the gateway tells a telemetry backend; absent while that is off. */
import type { Tracer } from '../ports/tracer.ts'
import type { FinishedCall, ReservedCall } from './conclude.ts'
import type { ExecuteInput } from './execution.ts'

export interface GatewayTelemetry {
  readonly tracer: Tracer
  /** Run a call to an offer as a part of the request, and measure it. */
  call(reserved: ReservedCall, input: Pick<ExecuteInput, 'request'>, work: () => Promise<FinishedCall>): Promise<FinishedCall>
}
