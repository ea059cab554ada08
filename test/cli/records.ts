/** Answers of a gateway as recorded, checked against the contract so that they cannot drift from it. */
import { createdKey, keyObject, modelObject, overview, providerProbe, session, status } from '../../src/contract/admin.ts'
import { imagesResponse } from '../../src/contract/images.ts'
import { attempt, explanation, quoteResponse, receipt, requestSummary } from '../../src/contract/records.ts'

export const REQUEST_ID = '0193529a-6b7e-7c3a-9d51-4f0aa1b2c3d4'
/** A real PNG of one pixel. */
export const PIXEL = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=='

const lines = [
  {
    description: '1 image out, medium, 1024x1024 at $0.053',
    meter: 'images.out',
    quantity: '1',
    amount_usd: '0.053',
    rate_id: 'gi2-m',
  },
  {
    description: '12 text tokens in at $5 per 1,000,000',
    meter: 'tokens.text.in',
    quantity: '12',
    amount_usd: '0.00006',
    rate_id: 'gi2-t',
  },
]

export const quoteRecord = quoteResponse.parse({
  object: 'quote',
  route: 'auto',
  n: 2,
  price_book: '5d1f0a77c2e94b10',
  candidates: [
    {
      offer: 'cheap:publisher/flat',
      model: 'publisher/flat',
      provider: 'cheap',
      sandbox: false,
      size: '1024x1024',
      quality: null,
      min_usd: '0.01',
      expected_usd: '0.01',
      max_usd: '0.01',
      lines: [{ ...lines[0], amount_usd: '0.01' }],
      spread: [],
      checked_at: '2026-11-20',
      eligible: true,
    },
    {
      offer: 'main:publisher/thinking-picture-2@eu-west-1+flex',
      model: 'publisher/thinking-picture-2',
      provider: 'main',
      sandbox: false,
      size: '1024x1024',
      quality: 'medium',
      min_usd: '0.053',
      expected_usd: '0.053060',
      max_usd: null,
      lines,
      spread: ['The prompt decides how long the model thinks; no maximum is published.'],
      checked_at: '2026-11-20',
      eligible: true,
    },
    {
      offer: 'main:publisher/fine',
      model: 'publisher/fine',
      provider: 'main',
      sandbox: false,
      size: '1024x1024',
      quality: 'high',
      min_usd: '0.2',
      expected_usd: '0.211123456',
      max_usd: '0.25',
      lines,
      spread: [],
      checked_at: '2026-11-20',
      eligible: false,
    },
  ],
  eliminated: [
    { offer: 'main:publisher/small', reason: 'size', detail: 'makes 512x512 only', param: 'size' },
    { offer: 'main:publisher/tiny', reason: 'size', detail: 'makes 256x256 only', param: 'size' },
    { offer: 'own:lab/model', reason: 'unpriced', detail: 'no price for images.out', param: null },
  ],
})

const summary = {
  id: REQUEST_ID,
  created_at: '2026-11-22T14:02:11.120Z',
  finished_at: '2026-11-22T14:02:23.420Z',
  key_id: 'admin',
  project_id: 'default',
  operation: 'generate',
  model: 'auto',
  route: 'auto',
  n: 1,
  offer: 'main:publisher/thinking-picture-2@eu-west-1+flex',
  outcome: 'succeeded',
  http_status: 200,
  error_code: null,
  error_message: null,
  images_returned: 1,
  attempts: 1,
  latency_ms: 12300.4,
  cost_usd: '0.05306',
  cost_status: 'final',
  sandbox: false,
  end_customer: null,
  group: null,
  tags: {},
  prompt: 'a red fox in the snow',
  images: [],
}

export const requestRecords = [
  summary,
  {
    ...summary,
    id: '0193529a-0000-7c3a-9d51-aaaaaaaaaa01',
    outcome: 'refused',
    offer: 'cheap:publisher/flat',
    http_status: 400,
    error_code: 'content_refused',
    images_returned: 0,
    error_message: 'The provider refused the prompt: \u001b[31mviolence\u001b[0m',
    cost_usd: '0.00',
    latency_ms: 812,
  },
  {
    ...summary,
    id: '0193529a-0000-7c3a-9d51-aaaaaaaaaa02',
    outcome: 'timeout',
    offer: 'cheap:publisher/flat',
    n: 4,
    http_status: 504,
    error_code: 'provider_timeout',
    images_returned: 0,
    error_message: 'The provider did not answer within 300 s; it may have billed the call, so it was not repeated.',
    cost_usd: '0.04',
    cost_status: 'unknown',
    latency_ms: 300_020,
    created_at: '2026-11-21T09:00:00.000Z',
  },
  {
    ...summary,
    id: '0193529a-0000-7c3a-9d51-aaaaaaaaaa03',
    outcome: null,
    offer: null,
    finished_at: null,
    latency_ms: null,
    http_status: null,
    images_returned: 0,
    cost_usd: '0.00',
    cost_status: 'pending',
  },
].map((record) => requestSummary.parse(record))

const charge = {
  id: 'c1',
  kind: 'usage',
  description: lines[0]!.description,
  meter: 'images.out',
  quantity: '1',
  amount_usd: '0.053',
  native_amount: '0.053',
  native_unit: 'USD',
  fx_rate: '1',
  fx_source: 'USD',
  rate_id: 'gi2-m',
  price_book: '5d1f',
  provenance: 'metered',
  incurred_at: summary.created_at,
  posted_at: summary.created_at,
  reverses: null,
  corrects: null,
}
const firstAttempt = attempt.parse({
  id: 'a1',
  sequence: 1,
  kind: 'primary',
  state: 'unknown',
  offer: 'cheap:publisher/flat',
  settings: {},
  outcome: 'timeout',
  stage: null,
  billed: 'unknown',
  error_code: 'provider_timeout',
  error_message: 'The provider did not answer within 60 s; whether it billed the call is unknown until an invoice says so.',
  images_wanted: 1,
  images_made: 0,
  expected_usd: '0.01',
  held_usd: '0.01',
  total_usd: '0.01',
  usage: {},
  job_id: null,
  http_status: null,
  provider_request_id: null,
  created_at: summary.created_at,
  settled_at: null,
  first_byte_ms: null,
  duration_ms: 60_000,
  charges: [
    {
      ...charge,
      id: 'c0',
      kind: 'provisional',
      provenance: 'estimated',
      description: 'held until the outcome is known',
      amount_usd: '0.01',
    },
  ],
  events: [],
})
const secondAttempt = attempt.parse({
  ...firstAttempt,
  id: 'a2',
  sequence: 2,
  kind: 'fallback',
  state: 'settled',
  offer: summary.offer,
  outcome: 'succeeded',
  billed: 'yes',
  error_code: null,
  error_message: null,
  images_made: 1,
  duration_ms: 12_300,
  charges: [
    charge,
    { ...charge, id: 'c2', description: lines[1]!.description, amount_usd: '0.00006', meter: 'tokens.text.in', quantity: '12' },
  ],
})

export const receiptRecord = receipt.parse({
  object: 'receipt',
  request_id: REQUEST_ID,
  created_at: summary.created_at,
  total_usd: '0.06306',
  cost_status: 'unknown',
  sandbox: false,
  images_returned: 1,
  cost_per_image_usd: '0.06306',
  attempts: [firstAttempt, secondAttempt],
  alternatives: [
    { offer: 'main:publisher/fine', quality: 'high', expected_usd: '0.211123456' },
    { offer: 'cheap:publisher/flat', quality: null, expected_usd: '0.01' },
  ],
})

export const explanationRecord = explanation.parse({
  object: 'explanation',
  request_id: REQUEST_ID,
  route: 'auto',
  objective: 'cost',
  price_book: '5d1f0a77c2e94b10',
  candidates: [
    { offer: 'cheap:publisher/flat', size: '1024x1024', quality: null, expected_usd: '0.01', max_usd: '0.01', score: 0.0104 },
    { offer: summary.offer, size: '1024x1024', quality: 'medium', expected_usd: '0.05306', max_usd: null, score: 0.053123 },
  ],
  eliminated_counts: { size: 2, unpriced: 1 },
  eliminated: quoteRecord.eliminated,
})

const abilities = {
  kind: 'offer',
  provider: 'main',
  publisher_model: 'publisher/fine',
  operations: ['generate', 'edit'],
  sizes: '1024x1024, 1536x1024, 1024x1536',
  qualities: ['low', 'medium', 'high'],
  formats: ['png', 'jpeg', 'webp'],
  max_n: 10,
  max_inputs: 16,
  mask: true,
  streaming: true,
  parameters: ['moderation', 'outputCompression'],
  price: 'per token, about $0.011 to $0.25 an image',
  priced: true,
  sandbox: false,
  retired_at: null,
}
export const modelRecords = [
  { id: 'main:publisher/fine', object: 'model', created: 1, owned_by: 'publisher', halftone: abilities },
  {
    id: 'auto',
    object: 'model',
    created: 1,
    owned_by: 'halftone',
    halftone: { ...abilities, kind: 'route', provider: null, publisher_model: null, price: 'cheapest of 12 offers' },
  },
  {
    id: 'own:lab/model',
    object: 'model',
    created: 1,
    owned_by: 'lab',
    halftone: { ...abilities, operations: ['generate'], priced: false, price: 'unpriced' },
  },
].map((record) => modelObject.parse(record))

const adminKey = {
  id: 'k1',
  name: 'admin',
  prefix: 'ht_4f0aa1',
  role: 'admin',
  project_id: 'default',
  tags: {},
  allowed_models: null,
  max_usd_per_day: null,
  created_at: '2026-11-01T00:00:00.000Z',
  revoked_at: null,
  managed_by: 'api',
}
export const keyRecords = [
  adminKey,
  {
    ...adminKey,
    id: 'k2',
    name: 'shop front end',
    prefix: 'ht_77bb22',
    role: 'inference',
    project_id: 'shop',
    allowed_models: ['auto', 'publisher/fine'],
    max_usd_per_day: '25',
  },
  { ...adminKey, id: 'k3', name: 'old', prefix: 'ht_000000', role: 'inference', revoked_at: '2026-11-02T00:00:00.000Z' },
].map((record) => keyObject.parse(record))
export const createdKeyRecord = createdKey.parse({
  ...adminKey,
  id: 'k4',
  name: 'new',
  role: 'inference',
  secret: 'ht_secret_0123456789',
})

export const statusRecord = status.parse({
  object: 'status',
  version: '0.1.0',
  node_id: 'n1',
  started_at: '2026-11-22T12:00:00.000Z',
  ready: true,
  problems: [],
  spends_money: true,
  storage: { ledger: 'SQLite', free_bytes: 90_000_000_000 },
  providers: [
    {
      name: 'main',
      type: 'openai',
      offers: 4,
      unpriced: 1,
      sandbox: false,
      health: 'ok',
      base_url: 'https://api.example.com/v1',
    },
  ],
  price_book: '5d1f0a77c2e94b10',
  config_file: null,
})
export const overviewRecord = overview.parse({
  object: 'overview',
  today_usd: '1.25',
  month_usd: '30',
  held_usd: '0',
  unknown_usd: '0.04',
  requests_today: 30,
  images_today: 31,
  sandbox: false,
  budgets: [],
})
export const probeRecords = [{ name: 'main', ok: true, message: 'the key is accepted, 4 models are visible' }].map((it) =>
  providerProbe.parse(it),
)
export const sessionRecord = session.parse({ object: 'session', role: 'admin', key_id: 'k1', key_name: 'admin' })

export const imagesRecord = imagesResponse.parse({
  created: 1,
  output_format: 'png',
  quality: 'medium',
  size: '1024x1024',
  data: [{ b64_json: PIXEL, revised_prompt: 'A red fox' }],
  usage: {
    input_tokens: 12,
    output_tokens: 1,
    total_tokens: 13,
    input_tokens_details: { text_tokens: 12, image_tokens: 0 },
    cost: 0.05306,
  },
  halftone: {
    request_id: REQUEST_ID,
    cost_usd: '0.05306',
    cost_status: 'final',
    offer: summary.offer,
    attempts: 2,
    warnings: [{ code: 'fallback_used', message: 'The first choice failed and another offer made the image.' }],
  },
})
