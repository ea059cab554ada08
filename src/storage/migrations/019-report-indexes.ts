/** Indexes from which a report is read alone, without the wide rows that they point to. */
export const reportIndexes: readonly string[] = [
  'DROP INDEX requests_by_fingerprint',
  'CREATE INDEX requests_by_fingerprint ON requests (fingerprint, key_id, id, created_us)',
  'DROP INDEX charges_by_incurred',
  'CREATE INDEX charges_by_incurred ON charges (incurred_us, attempt_id, sandbox, provenance, amount_nano_usd)',
]
