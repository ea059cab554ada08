/** Every header Halftone reads or writes, with its meaning; the reference is checked against this table. */
export const requestHeaders = {
  authorization: '`Bearer <key>`: the key.',
  'idempotency-key': 'At most 255 printable characters; the same key and request is answered once, for 24 hours.',
  'x-halftone-max-cost-usd': 'Refuse when the request could cost more than this many USD.',
  'x-halftone-quote-id': 'Execute at the maximum of this quote, or fail: the `id` of `POST /v1/halftone/quote`.',
  'x-halftone-only': 'Only these offers, models or providers, comma-separated.',
  'x-halftone-ignore': 'None of these offers, models or providers, comma-separated.',
  'x-halftone-require':
    'Facts an offer has to have, `region=eu|us,retention_days=0,training=no,licence=commercial,watermark=none`; what is unknown is not had.',
  'x-halftone-order': 'These offers, models or providers first, comma-separated.',
  'x-halftone-fallback-models': 'Models or routes to go on to when `model` cannot serve or fails, comma-separated, at most 8.',
  'x-halftone-quality-floor': 'Least quality: a named level, or `publisher/name@quality`.',
  'x-halftone-deadline-ms': 'Stop waiting after this many milliseconds.',
  'x-halftone-group': 'Pictures that must look alike: they stay at the offer, quality and seeds of the first of the group.',
  'x-halftone-group-size': 'Pictures planned in the group: its first request chooses by the price of all of them.',
  'x-halftone-tags': 'Attribution, `campaign=summer,sku=4711`, at most 10.',
  'x-halftone-fit': '`cover` cuts, `contain` pads a picture here whose size or shape an offer does not make.',
  'x-halftone-upscale': '`local` enlarges here what an offer makes too small, up to 4 times each edge.',
  'x-halftone-convert': '`none` takes only offers that return `output_format` themselves; else it is converted here.',
  'x-halftone-allow-unsupported': '`true` turns unsupported parameters into warnings.',
  'x-halftone-cache-seconds':
    'Pictures of an equal request of this key will do if they are at most so old, up to 2592000; `0` makes new ones whatever the route says.',
  'x-halftone-progress': '`true` lets a stream tell how far it is, by `halftone.progress` events.',
  'x-halftone-body': '`off` leaves the halftone object out of the answer.',
  'x-stainless-retry-count': 'Sent by SDKs: above 0, the call joins the one it repeats.',
} as const

export const responseHeaders = {
  'x-request-id': 'The request id, a UUIDv7, for receipts and support.',
  'x-halftone-offer': 'The offer that made the images.',
  'x-halftone-floor':
    'The quality floor that held, and why: `draft; because=easy`. `route`, `request`, or by the prompt `easy` or `not_easy`.',
  'x-halftone-cost-usd': 'Exact cost of the whole request, all attempts.',
  'x-halftone-cost-status': 'final, estimated, unknown or unpriced.',
  'x-halftone-attempts': 'Calls made to providers.',
  'x-halftone-cache':
    '`hit` when nothing was called (idempotent replay, or pictures that equal requests share), `joined` when the call that an SDK repeats answered, else `miss`.',
  'x-halftone-warnings': 'Warning codes, comma-separated.',
  'x-should-retry': 'Tells SDKs whether repeating may help and cannot pay twice.',
  'retry-after': 'Seconds to wait.',
} as const
