/** What people say and do about pictures: into the ledger, and from there into what this node has learned. */
import { hash } from 'node:crypto'
import type { ImageRequest } from '../core/request.ts'
import { type ImplicitSignal, implicitSignals } from '../core/routing/learning/feedback.ts'
import type { AssetRecord, FeedbackCommand, RatedImage } from '../ports/ledger.ts'
import type { FinishedCall } from './conclude.ts'
import type { Caller, ExecuteInput } from './execution.ts'
import type { ExperienceFeed } from './experience-feed.ts'
import type { QualityFeed } from './quality-feed.ts'
import type { GatewayServices } from './state.ts'

export interface Feedback {
  /** Resolves when it is durable. */
  rate(command: Omit<FeedbackCommand, 'atUs'>): Promise<readonly RatedImage[]>
  /** False when the picture was gone already. */
  deleteImage(assetId: string, keyId: string): Promise<boolean>
  /** A signed URL was opened from elsewhere than the dashboard. */
  downloaded(asset: AssetRecord): void
  /** A request begins: it may be a re-roll of an earlier one, or edit what was made here. */
  began(input: Pick<ExecuteInput, 'request' | 'caller'>): void
  /** A call has ended; `requestId` made these pictures. */
  made(call: FinishedCall, input: Pick<ExecuteInput, 'request' | 'caller'>): void
}

/** A repeat within this time of the answer is a re-roll; one while the first still runs, or at once, is a program asking for several. */
const REROLL_WITHIN_US = 600_000_000
const REROLL_AFTER_US = 2_000_000
/** Of each memory; both are of this node alone and empty after a start. */
const REMEMBERED = 20_000

export type FeedbackServices = Pick<GatewayServices, 'ledger' | 'clock' | 'log'>

/** What learns from it. */
export interface FeedbackListeners {
  readonly experience: Pick<ExperienceFeed, 'rated'>
  readonly quality: Pick<QualityFeed, 'refresh'>
}

export function createFeedback({ ledger, clock, log }: FeedbackServices, { experience, quality }: FeedbackListeners): Feedback {
  /** By what was asked: the request that last made it. */
  const asked = new Map<string, { readonly requestId: string; readonly atUs: number }>()
  /** By the bytes of an output, within a project. */
  const outputs = new Map<string, string>()
  const downloads = new Map<string, true>()

  const rate: Feedback['rate'] = async (command) => {
    const rated = await ledger.feedback.rate({ ...command, atUs: clock.nowUs() })
    for (const image of rated) experience.rated(image)
    // The next request is decided by it. The word is durable already: where it cannot be read now it is read later.
    if (command.signal === 'explicit')
      await quality.refresh().catch((err: unknown) => log.warn({ err }, 'a word about a picture is not in force yet'))
    return rated
  }

  /** Nobody waits for a signal, and none is worth failing for. */
  function signal(kind: ImplicitSignal, subject: FeedbackCommand['subject'], keyId: string): void {
    const { verdict } = implicitSignals[kind]
    rate({ subject, keyId, signal: kind, verdict }).catch((err: unknown) => log.warn({ err, kind }, 'a signal was not counted'))
  }

  /** Where the answer was a link, opening it is how the picture is had at all, and says nothing. */
  async function countDownload({ id, requestId }: AssetRecord): Promise<void> {
    const record = await ledger.read.request(requestId)
    if (record?.parameters['responseFormat'] === 'b64_json') signal('downloaded', { assetId: id }, DOWNLOADER)
  }

  return {
    rate,
    async deleteImage(assetId, keyId) {
      const { deleted, rated } = await ledger.feedback.deleteImage({ assetId, keyId, atUs: clock.nowUs() })
      for (const image of rated) experience.rated(image)
      return deleted
    },
    downloaded(asset) {
      if (asset.role !== 'output' || downloads.has(asset.id)) return
      remember(downloads, asset.id, true)
      countDownload(asset).catch((err: unknown) => log.warn({ err }, 'a download was not counted'))
    },
    began({ request, caller }) {
      const earlier = asked.get(askedKey(request, caller))
      const agoUs = earlier ? clock.nowUs() - earlier.atUs : 0
      if (earlier && agoUs >= REROLL_AFTER_US && agoUs <= REROLL_WITHIN_US)
        signal('rerolled', { requestId: earlier.requestId }, caller.keyId)
      for (const { sha256 } of request.inputs) {
        const assetId = outputs.get(`${caller.projectId} ${sha256}`)
        if (assetId !== undefined) signal('edited', { assetId }, caller.keyId)
      }
    },
    made({ assets, record, reserved }, { request, caller }) {
      if (record.imagesMade === 0) return
      remember(asked, askedKey(request, caller), { requestId: reserved.attempt.requestId, atUs: clock.nowUs() })
      for (const { id, sha256, role } of assets) if (role === 'output') remember(outputs, `${caller.projectId} ${sha256}`, id)
    },
  }
}

/** A link carries no key: all downloads of a picture are one word. */
const DOWNLOADER = 'link'

/** The same words for the same purpose; size, quality and model may have been changed to try again. Never the prompt itself. */
function askedKey({ operation, prompt, attribution, inputs }: ImageRequest, { keyId }: Pick<Caller, 'keyId'>): string {
  const parts = [
    keyId,
    attribution.endCustomer ?? '',
    attribution.group ?? '',
    operation,
    prompt,
    ...inputs.map((it) => it.sha256),
  ]
  return hash('sha256', JSON.stringify(parts), 'base64')
}

function remember<Value>(memory: Map<string, Value>, key: string, value: Value): void {
  memory.delete(key)
  memory.set(key, value)
  if (memory.size <= REMEMBERED) return
  const [oldest] = memory.keys()
  if (oldest !== undefined) memory.delete(oldest)
}
