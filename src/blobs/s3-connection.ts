/**
 * Calls to one bucket: each try has its time, tries are few, and a store that is down is left alone for a while, so that nobody
 * waits for it again and again.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import type { PutObjectCommand, S3Client } from '@aws-sdk/client-s3'
import { HalftoneError } from '../core/error.ts'
import { faultOf, unreachable } from './s3-faults.ts'

export type S3Sdk = typeof import('@aws-sdk/client-s3')

export interface S3Place {
  readonly bucket: string
  /** Before every key: empty, or ends with a slash. */
  readonly prefix: string
  /** Absent: as the usual variables and files of the vendor's tools say. */
  readonly region?: string
  /** Absent: the vendor's own of the region. */
  readonly endpoint?: string
  /** The bucket in the path instead of the host name. */
  readonly forcePathStyle: boolean
  /** Absent: found as the vendor's tools find them, in variables, files or from the machine's role. */
  readonly credentials?: { readonly accessKeyId: string; readonly secretAccessKey: string }
}

export interface S3Limits {
  /** Of one call. */
  readonly tries: number
  /** Of a try, beside the time its bytes take. */
  readonly tryMs: number
  /** The slowest upload that is waited for: bytes per millisecond. */
  readonly slowestRate: number
  /** Before the second try; doubled for each further one, and spread. */
  readonly backoffMs: number
  /** How long a store that does not answer is left alone. */
  readonly restMs: number
  readonly connections: number
}

const USUAL: S3Limits = { tries: 3, tryMs: 5_000, slowestRate: 2_000, backoffMs: 100, restMs: 5_000, connections: 64 }

/** So many calls in a row without an answer are no accident of one object or one connection. */
const FAILURES_BEFORE_REST = 2

/** From here on the client asks before it sends a body (`Expect: 100-continue`), which spares sending one that is there already. */
const ASKS_FIRST_BYTES = 2 * 1024 * 1024
/** It sends it all the same when it gets no answer; some services never give one. */
const NO_PERMISSION_MS = 6_500

export interface S3CallOptions {
  /** Bytes that are sent: they take time. */
  readonly bytes?: number
  readonly tries?: number
}

export interface S3Connection {
  readonly place: S3Place
  readonly sdk: S3Sdk
  readonly client: S3Client
  readonly limits: S3Limits
  /**
   * `attempt` once, and again after failures that may pass. The signal ends its request when its time is up, and means nothing
   * after it has resolved. Throws `storage_unavailable` where nothing answers, `storage_failed` for a refusal, `storage_full`.
   */
  call<T>(attempt: (signal: AbortSignal) => Promise<T>, options?: S3CallOptions): Promise<T>
  close(): void
}

/** Loads the client, which takes its time; connects to nothing. */
export async function openS3Connection(place: S3Place, changed: Partial<S3Limits> = {}): Promise<S3Connection> {
  const sdk = await import('@aws-sdk/client-s3')
  const limits = { ...USUAL, ...changed }
  const client = newClient(sdk, place, limits)
  const outage = createOutage(limits.restMs)
  const running = new Set<AbortController>()
  let closed = false

  async function inTime<T>(attempt: (signal: AbortSignal) => Promise<T>, bytes: number): Promise<T> {
    const controller = new AbortController()
    running.add(controller)
    const permissionMs = bytes >= ASKS_FIRST_BYTES ? NO_PERMISSION_MS : 0
    const timer = setTimeout(() => controller.abort(), limits.tryMs + permissionMs + bytes / limits.slowestRate)
    try {
      return await attempt(controller.signal)
    } finally {
      clearTimeout(timer)
      running.delete(controller)
    }
  }

  return {
    place,
    sdk,
    client,
    limits,
    async call(attempt, { bytes = 0, tries = limits.tries } = {}) {
      outage.throwIfResting()
      for (let tried = 1; ; tried++) {
        try {
          const result = await inTime(attempt, bytes)
          outage.answered()
          return result
        } catch (error) {
          const fault = faultOf(error)
          if (fault instanceof HalftoneError) {
            outage.answered()
            throw fault
          }
          if (tried >= tries || closed || outage.lasts()) {
            outage.missed(error)
            throw unreachable(error, limits.restMs)
          }
        }
        await sleep(limits.backoffMs * 2 ** (tried - 1) * (0.5 + Math.random()))
      }
    },
    close() {
      closed = true
      for (const controller of running) controller.abort()
      client.destroy()
    },
  }
}

interface Outage {
  throwIfResting(): void
  /** Nothing answered when it was asked last: one try is enough to see whether it does now. */
  lasts(): boolean
  answered(): void
  missed(cause: unknown): void
}

function createOutage(restMs: number): Outage {
  let missed = 0
  let restsUntil = 0
  let why: unknown
  return {
    throwIfResting() {
      const leftMs = restsUntil - performance.now()
      if (leftMs > 0) throw unreachable(why, leftMs)
    },
    lasts: () => missed >= FAILURES_BEFORE_REST,
    answered() {
      missed = 0
      restsUntil = 0
    },
    missed(cause) {
      missed += 1
      why = cause
      if (missed >= FAILURES_BEFORE_REST) restsUntil = performance.now() + restMs
    },
  }
}

const silent = { trace() {}, debug() {}, info() {}, warn() {}, error() {} }

function newClient(sdk: S3Sdk, { region, endpoint, forcePathStyle, credentials }: S3Place, limits: S3Limits): S3Client {
  return new sdk.S3Client({
    // Compatible stores have no regions, but signatures have one.
    ...(region !== undefined ? { region } : endpoint !== undefined && { region: 'us-east-1' }),
    ...(endpoint !== undefined && { endpoint }),
    ...(credentials && { credentials: { ...credentials } }),
    forcePathStyle,
    expectContinueHeader: ASKS_FIRST_BYTES,
    // Bodies that stream are not repeated by the client; this module repeats everything alike.
    maxAttempts: 1,
    // The hash of what is sent is signed, and of what comes it is worked out here: many compatible stores know no other sums.
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    requestHandler: {
      connectionTimeout: Math.min(3_000, limits.tryMs),
      socketAcquisitionWarningTimeout: 3_600_000,
      httpAgent: { keepAlive: true, maxSockets: limits.connections },
      httpsAgent: { keepAlive: true, maxSockets: limits.connections },
    },
    // Its failures come back as errors, and are told once.
    logger: silent,
  })
}

/** Sign the hash of a body that is known before it is read: the store refuses other bytes. */
export function signBodyHash(command: PutObjectCommand, sha256: string): void {
  command.middlewareStack.add(
    (next) => async (call) => {
      const { request } = call
      // Every request of this client is one of HTTP; the type leaves it open.
      ;(request as { headers: Record<string, string> }).headers['x-amz-content-sha256'] = sha256
      return next(call)
    },
    { step: 'build', name: 'signBodyHash' },
  )
}
