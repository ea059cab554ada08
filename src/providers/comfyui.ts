/** ComfyUI: uploads the inputs, queues a workflow, asks how it went, fetches the pictures. What it runs is the operator's. */
import { HalftoneError } from '../core/error.ts'
import type { JsonObject } from '../core/json.ts'
import type { AttemptFailure } from '../core/outcome.ts'
import { decodeJob } from './comfyui/job.ts'
import { planOf, promptCall, uploadCall } from './comfyui/plan.ts'
import { capabilitiesOf, comfyOptions, workflowSets } from './comfyui/workflows.ts'
import {
  type DecodeContext,
  type Decoded,
  defineProvider,
  type Encoded,
  type Probe,
  type ProviderResponse,
} from './define-provider.ts'
import { failure } from './engine/failures.ts'
import { failureOfStatus } from './kit/errors.ts'
import { jobOf, lookUp, pendingJob } from './kit/jobs.ts'
import { makeOffer } from './kit/offers.ts'
import { asCount, asList, asNumber, asObject, asText, objectsOf } from './kit/read.ts'

const id = 'comfyui'
const POLL_MS = 1_000

export const comfyui = defineProvider({
  id,
  requiresKey: false,
  auth: (apiKey) => ({ authorization: `Bearer ${apiKey}` }),
  options: comfyOptions,
  bodyKeys: [],
  stripsMetadata: true,

  offers(config) {
    const sets = workflowSets(config.options ?? {})
    const models = config.models ?? [...sets.keys()].map((name) => ({ id: name, model: `local/${name}`, capabilities: {} }))
    return models.map((changes) => {
      const set = sets.get(changes.id)
      if (!set) throw new HalftoneError('config_invalid', `providers.${config.name}.options.workflows has no ${changes.id}.`)
      return makeOffer(config, id, { model: changes.model, wireModel: changes.id, capabilities: capabilitiesOf(set) }, changes)
    })
  },

  encode(request, candidate, context): Encoded {
    const plan = planOf(request, candidate, context)
    const [first] = plan.uploads
    return {
      call: first ? uploadCall(first) : promptCall(plan, [], context.attemptId),
      warnings: plan.warnings,
      state: { phase: first ? 'upload' : 'prompt', names: [] },
    }
  },

  decode(response, context): Decoded {
    const answer = response.body.kind === 'json' ? (asObject(response.body.value) ?? {}) : {}
    const state = asObject(context.state) ?? {}
    const job = jobOf(state)
    if (job) return decodeJob(response, answer, job, state['phase'], context)
    return state['phase'] === 'upload' ? decodeUpload(response, answer, state, context) : decodeSubmit(response, answer)
  },

  watch: {
    path: (attemptId) => `/ws?clientId=${encodeURIComponent(attemptId)}`,
    // Sent when the history has the result; the events before it come a moment too early.
    isEnd(message, jobId) {
      const event = asObject(message)
      const data = asObject(event?.['data'])
      return event?.['type'] === 'executing' && data?.['node'] === null && data['prompt_id'] === jobId
    },
    // Of the node that works; a workflow does not say how many of them will tell.
    progressOf(message, jobId) {
      const event = asObject(message)
      const data = asObject(event?.['data'])
      if (event?.['type'] !== 'progress' || data?.['prompt_id'] !== jobId) return undefined
      const [value, most] = [asNumber(data['value']), asNumber(data['max'])]
      return value === undefined || most === undefined || most <= 0 ? undefined : value / most
    },
  },

  load: {
    call: lookUp('/prompt'),
    decode: ({ body }) =>
      body.kind === 'json' ? asCount(asObject(asObject(body.value)?.['exec_info'])?.['queue_remaining']) : undefined,
  },

  probe: (): Probe => ({
    call: lookUp('/system_stats'),
    decode(response) {
      const stats = response.body.kind === 'json' ? asObject(response.body.value) : undefined
      const system = asObject(stats?.['system'])
      if (response.status !== 200 || !system) return { ok: false, message: failureOfStatus(response).message }
      const devices = objectsOf(stats?.['devices']).map(({ name }) => asText(name) ?? 'a device')
      const version = asText(system['comfyui_version']) ?? 'of unknown version'
      return { ok: true, message: `ComfyUI ${version} on ${devices.join(', ') || 'no device'}.` }
    },
  }),

  facts: {
    refusals: "It refuses nothing: workflows are the operator's own.",
    documentation: 'https://docs.comfy.org/development/comfyui-server/comms_routes',
  },
})

function decodeUpload(response: ProviderResponse, answer: JsonObject, state: JsonObject, context: DecodeContext): Decoded {
  const name = asText(answer['name'])
  if (response.status !== 200 || name === undefined) return { kind: 'failed', failure: failureOfStatus(response) }
  const folder = asText(answer['subfolder'])
  const reference = `${folder === undefined ? '' : `${folder}/`}${name} [${asText(answer['type']) ?? 'input'}]`
  const names = [...(asList(state['names']) ?? []), reference]
  const plan = planOf(context.request, context.candidate, context.encode)
  const following = plan.uploads[names.length]
  return {
    kind: 'next',
    call: following ? uploadCall(following) : promptCall(plan, names, context.encode.attemptId),
    state: { phase: following ? 'upload' : 'prompt', names },
  }
}

function decodeSubmit(response: ProviderResponse, answer: JsonObject): Decoded {
  const jobId = asText(answer['prompt_id'])
  if (response.status !== 200 || jobId === undefined) return { kind: 'failed', failure: failureOfSubmit(response, answer) }
  return pendingJob({
    jobId,
    pollUrl: `/history/${encodeURIComponent(jobId)}`,
    // How it is ended depends on whether it still waits, so the queue is looked at first.
    cancel: { method: 'GET', url: '/queue' },
    afterMs: POLL_MS,
    notes: { polls: 0 },
  })
}

/** What the nodes found wrong. The details would list the server's files. */
function failureOfSubmit(response: ProviderResponse, answer: JsonObject): AttemptFailure {
  const general = failureOfStatus(response)
  if (response.status !== 400) return general
  const found = Object.values(asObject(answer['node_errors']) ?? {}).flatMap((value) => {
    const node = asObject(value)
    return objectsOf(node?.['errors']).map((error) => ({
      type: asText(error['type']),
      text: `${asText(error['message']) ?? 'error'} (${asText(asObject(error['extra_info'])?.['input_name']) ?? 'input'} of ${asText(node?.['class_type']) ?? 'a node'})`,
    }))
  })
  const error = asObject(answer['error'])
  const isMissing = found.some(({ type }) => type === 'value_not_in_list') || error?.['type'] === 'missing_node_type'
  const message = `ComfyUI refused the workflow: ${found.map(({ text }) => text).join('; ') || (asText(error?.['message']) ?? general.message)}`
  return failure(isMissing ? 'provider_not_found' : 'provider_rejected', message.slice(0, 500), 'no')
}
