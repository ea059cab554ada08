/** What a gateway says of itself: models, keys, status, spending, session; checked against the contract so that it cannot drift. */
import { session } from '../../../src/contract/access.ts'
import { createdKey, keyObject, modelObject, overview, providerProbe, status } from '../../../src/contract/admin.ts'

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
  assumed: false,
  controls: [],
  upscale: [],
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
  requests_per_minute: null,
  images_per_minute: null,
  last_used_at: null,
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
    requests_per_minute: null,
    images_per_minute: null,
    last_used_at: null,
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
  notices: [],
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
      discovery: null,
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
  acceptance: {
    since: '2026-11-01T00:00:00.000Z',
    images: 40,
    accepted: 0,
    rejected: 0,
    coverage: 0,
    cost_usd: '20',
    cost_per_accepted_usd: null,
  },
})
export const probeRecords = [{ name: 'main', ok: true, message: 'the key is accepted, 4 models are visible' }].map((it) =>
  providerProbe.parse(it),
)
export const sessionRecord = session.parse({
  object: 'session',
  role: 'admin',
  permissions: [],
  reach: 'all',
  project_id: 'default',
  project_name: 'default',
  key_id: 'k1',
  key_name: 'admin',
})
