/** What each endpoint that changes something writes into the audit log, or why it writes nothing. A test walks the table. */
import type { endpoints } from './endpoints.ts'

type Table = typeof endpoints
/** Endpoints of a method that may change something. */
export type ChangingEndpoint = {
  [Name in keyof Table]: Table[Name] extends { readonly method: 'GET' } ? never : Name
}[keyof Table]

export type AuditRule =
  /** First part of the action of the row. */
  { readonly writes: string } | { readonly nothing: string }

const ownRow: AuditRule = { nothing: 'The request and its attempts are rows of their own, with the key that asked.' }

export const auditRules = {
  createImage: ownRow,
  editImage: ownRow,
  createVariation: ownRow,
  upscaleImage: ownRow,
  removeBackground: ownRow,
  createFile: { nothing: 'The file is a row of its own, with the key that sent it.' },
  deleteFile: { nothing: 'The row of the file stays, and says when it was deleted.' },
  createBatch: { nothing: 'The batch and its requests are rows of their own, with the key that asked.' },
  cancelBatch: { nothing: 'The row of the batch says when.' },
  quoteBatch: { nothing: 'It changes nothing.' },
  quote: { nothing: 'It changes nothing.' },
  giveFeedback: { nothing: 'The word is a row of its own, with the key that gave it.' },
  deleteImage: { writes: 'image' },
  receiveWebhook: { nothing: 'Only a hint to look again; what is found is an event of the attempt.' },
  rerate: { writes: 'price' },
  reviewPrices: { writes: 'price' },
  acceptPriceDraft: { writes: 'price' },
  rejectPriceDraft: { writes: 'price' },
  createKey: { writes: 'key' },
  revokeKey: { writes: 'key' },
  putProject: { writes: 'project' },
  putBudget: { writes: 'budget' },
  deleteBudget: { writes: 'budget' },
  recordDraw: { writes: 'lot' },
  closeMonth: { writes: 'month' },
  deleteContent: { writes: 'content' },
  reconcileAttempt: { writes: 'attempt' },
  testAlertChannel: { writes: 'alert' },
  importSpend: { writes: 'import' },
  readImport: { nothing: 'It changes nothing: files are read, and their rows given back.' },
  putRoute: { writes: 'route' },
  deleteRoute: { writes: 'route' },
  rollbackRoute: { writes: 'route' },
  validateRoute: { nothing: 'It changes nothing.' },
  routeCandidates: { nothing: 'It changes nothing.' },
  tryRoute: { nothing: 'It changes nothing: past requests are replayed in memory.' },
  resetQuality: { writes: 'quality' },
  insightExplore: { nothing: 'It changes nothing: a question with a body.' },
  putView: { writes: 'view' },
  deleteView: { writes: 'view' },
  putTagRule: { writes: 'tag_rule' },
  deleteTagRule: { writes: 'tag_rule' },
  verifyProvider: { writes: 'provider' },
  changePrice: { writes: 'price' },
  rollbackPrices: { writes: 'price' },
  probeProviders: { nothing: 'It changes nothing, and spends nothing.' },
  signIn: { writes: 'session' },
  signOut: { writes: 'session' },
  endSession: { writes: 'session' },
} as const satisfies { readonly [Name in ChangingEndpoint]?: AuditRule }
