/** The month, event by event, under a virtual clock: arrivals, answers, retries, fallbacks and what people say about the pictures. */
import { type AttemptRecord, afterAttempt, type Plan, type PlannedCall } from '../routing/index.ts'
import { type Account, createAccount, type MonthResult } from './account.ts'
import { classes } from './classes.ts'
import { createEventQueue, type EventQueue } from './event-queue.ts'
import { createGpuPool, type GpuOperator, type GpuPool } from './gpu-pool.ts'
import { isGpuWorld, poolTerms } from './gpu-world.ts'
import { type Answer, createProviders, type Providers } from './provider.ts'
import { luckOf } from './random.ts'
import { HOUR_US } from './time.ts'
import { type Arrival, arrivals, type RequestTemplate, type Templates } from './workload.ts'
import { type Deployment, floorOf, trueQuality, type World } from './world.ts'

export type FullPlan = Extract<Plan, { kind: 'plan' }>

/** A way to choose. It learns only what a gateway would: its own attempts, and what people say. */
export interface SimulatedPolicy {
  readonly name: string
  plan(arrival: Arrival, nowUs: number): FullPlan | undefined
  dispatched(offer: string, nowUs: number): void
  finished(attempt: FinishedAttempt): void
  /** Somebody looked at a picture. */
  rated(rating: Rating): void
  /** Decides on rented GPUs, where the world has any; absent: it rents none. */
  readonly gpus?: GpuOperator
}

export interface FinishedAttempt {
  readonly plan: FullPlan
  /** Index into `plan.attempts`. */
  readonly candidate: number
  /** Pictures asked for in this call; a request may be split. */
  readonly n: number
  readonly template: RequestTemplate
  readonly answer: Answer
  readonly dispatchedUs: number
  readonly nowUs: number
}

export interface Rating {
  readonly plan: FullPlan
  readonly template: RequestTemplate
  readonly deployment: Deployment
  readonly accepted: boolean
  readonly nowUs: number
}

interface Run {
  readonly arrival: Arrival
  plan: FullPlan
  readonly records: AttemptRecord[]
  round: number
  attempts: number
  /** Calls of the round that are not answered yet, waiting to be made included. */
  running: number
}

/** People look at so many of the pictures, six hours later; they miss a bad one in ten and reject a good one in fifty. */
const REVIEWED = 0.04
const REVIEW_DELAY_US = 6 * HOUR_US
const REJECTS_BAD = 0.9
const REJECTS_GOOD = 0.02
/** What a gateway gives an interactive request, and what a job waits before it asks again. */
const INTERACTIVE_MS = 120_000
const RESUBMIT_US = 900_000_000

/** Simulate history and month. The same world, templates and policy give the same result. */
export function simulateMonth(world: World, templates: Templates, policy: SimulatedPolicy): MonthResult {
  const engine = createEngine(world, policy)
  for (const arrival of arrivals(world, templates)) {
    engine.runUntil(arrival.atUs)
    engine.arrive(arrival)
  }
  engine.runUntil(Number.POSITIVE_INFINITY)
  return engine.account.result(engine.pool?.use())
}

interface Engine {
  readonly account: Account
  readonly pool: GpuPool | undefined
  arrive(arrival: Arrival): void
  runUntil(atUs: number): void
}

function createEngine(world: World, policy: SimulatedPolicy): Engine {
  const account = createAccount(world)
  const providers = createProviders(world)
  const queue = createEventQueue()
  const pool = policy.gpus && isGpuWorld(world) ? createGpuPool(poolTerms(world), queue, policy.gpus) : undefined
  const context: Context = {
    world,
    policy,
    account,
    providers,
    pool,
    queue,
    byOffer: new Map(world.deployments.map((each) => [each.offer.id, each])),
  }
  return {
    account,
    pool,
    arrive: (arrival) => start(context, arrival, arrival.atUs),
    runUntil: (atUs) => queue.runUntil(atUs),
  }
}

interface Context {
  readonly world: World
  readonly policy: SimulatedPolicy
  readonly account: Account
  readonly providers: Providers
  readonly pool: GpuPool | undefined
  readonly queue: EventQueue
  readonly byOffer: ReadonlyMap<string, Deployment>
}

function start(context: Context, arrival: Arrival, nowUs: number): void {
  const plan = context.policy.plan(arrival, nowUs)
  if (plan) next(context, { arrival, plan, records: [], round: 0, attempts: 0, running: 0 }, nowUs)
  else giveUp(context, arrival, nowUs)
}

function next(context: Context, run: Run, nowUs: number): void {
  const { arrival, plan, records } = run
  const { n } = arrival.template.request
  const step = afterAttempt({
    plan,
    n,
    records,
    remainingMs: patienceMs(arrival) - (nowUs - arrival.atUs) / 1_000,
    random: luckOf(context.world.seed, arrival.id, -1, run.attempts),
  })
  if (step.kind === 'done') serve(context, run, nowUs)
  if (step.kind === 'stop') giveUp(context, arrival, nowUs)
  if (step.kind !== 'call') return
  run.round += 1
  run.running = step.calls.length
  for (const call of step.calls) {
    if (step.afterMs === 0) dispatch(context, run, call, nowUs)
    else context.queue.at(nowUs + step.afterMs * 1_000, (atUs) => dispatch(context, run, call, atUs))
  }
}

const patienceMs = ({ template }: Arrival): number => {
  const kind = classes[template.classIndex]
  return kind?.interactive ? INTERACTIVE_MS : (kind?.deadlineMs ?? INTERACTIVE_MS)
}

function dispatch(context: Context, run: Run, call: PlannedCall, nowUs: number): void {
  const { policy, providers, pool, byOffer, queue } = context
  const { plan, arrival } = run
  const offer = plan.attempts[call.candidate]?.candidate.offer.id ?? ''
  const deployment = byOffer.get(offer)
  if (!deployment) return
  policy.dispatched(offer, nowUs)
  const { template, id: requestId } = arrival
  const attempt = run.attempts
  run.attempts += 1
  if (pool && policy.gpus && deployment.lane === 'pool') {
    const done = (answer: Answer, atUs: number): void =>
      conclude(context, run, call, { deployment, answer, dispatchedUs: nowUs }, atUs)
    pool.submit({ ...policy.gpus.place(requestId, nowUs), requestId, attempt, pictures: call.n, done }, nowUs)
    return
  }
  const answer = providers.answer({ deployment, template, n: call.n, requestId, attempt, atUs: nowUs })
  queue.at(nowUs + Math.round(answer.afterMs * 1_000), (atUs) =>
    conclude(context, run, call, { deployment, answer, dispatchedUs: nowUs }, atUs),
  )
}

interface Ended {
  readonly deployment: Deployment
  readonly answer: Answer
  readonly dispatchedUs: number
}

function conclude(
  context: Context,
  run: Run,
  call: PlannedCall,
  { deployment, answer, dispatchedUs }: Ended,
  nowUs: number,
): void {
  const { policy, account } = context
  const { arrival, plan, records } = run
  const { failure, billed } = answer
  const { template } = arrival
  policy.finished({ plan, candidate: call.candidate, n: call.n, template, answer, dispatchedUs, nowUs })
  account.attempted(deployment, arrival, dispatchedUs, { n: call.n, billed, served: !failure })
  records.push({
    candidate: call.candidate,
    kind: call.kind,
    round: run.round,
    imagesWanted: call.n,
    imagesMade: failure ? 0 : call.n,
    ...(failure && { failure }),
  })
  // What is next is decided when the whole round has answered, as the gateway does.
  run.running -= 1
  if (run.running === 0) next(context, run, nowUs)
}

/** Fewer pictures than asked for are an answer too; the request counts for the offer that made the last of them. */
function serve(context: Context, run: Run, nowUs: number): void {
  const made = run.records.findLast(({ imagesMade }) => imagesMade > 0)
  const deployment = made && context.byOffer.get(run.plan.attempts[made.candidate]?.candidate.offer.id ?? '')
  if (!deployment) return
  const pictures = run.records.reduce((sum, { imagesMade }) => sum + imagesMade, 0)
  context.account.served(deployment, run.arrival, nowUs, pictures)
  review(context, run, deployment, nowUs)
}

function giveUp(context: Context, arrival: Arrival, nowUs: number): void {
  const kind = classes[arrival.template.classIndex]
  const late = nowUs + RESUBMIT_US - arrival.atUs > (kind?.deadlineMs ?? 0) * 1_000
  if (kind?.interactive !== false || late) context.account.unserved(arrival)
  else context.queue.at(nowUs + RESUBMIT_US, (atUs) => start(context, arrival, atUs))
}

function review({ world, queue, policy }: Context, { arrival, plan }: Run, deployment: Deployment, nowUs: number): void {
  const { template, id } = arrival
  if (luckOf(world.seed, id, -2, 0) >= REVIEWED) return
  const kind = classes[template.classIndex]
  if (!kind) return
  const good = trueQuality(world, deployment, template.classIndex, arrival.atUs) >= floorOf(kind, template.hard)
  const accepted = luckOf(world.seed, id, -2, 1) >= (good ? REJECTS_GOOD : REJECTS_BAD)
  queue.at(nowUs + REVIEW_DELAY_US, (atUs) => policy.rated({ plan, template, deployment, accepted, nowUs: atUs }))
}
