/** Finding everything of an end customer, to delete it. */
export const erasureIndexes: readonly string[] = [
  'CREATE INDEX requests_by_customer ON requests (end_customer, id) WHERE end_customer IS NOT NULL',
]
