/** Reading charges by the time they were incurred, for exports. */
export const exportIndexes: readonly string[] = ['CREATE INDEX charges_by_incurred ON charges (incurred_us, attempt_id)']
