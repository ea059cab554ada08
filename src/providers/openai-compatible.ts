/**
 * Any server that speaks the Images API more or less: self-hosted ones, gateways, resellers. Models and what they can do come
 * from the configuration; the answer may lack usage, use links instead of bytes, and word its errors as it likes.
 */
import { compatibleServer } from './openai-dialect/compatible.ts'

export const openaiCompatible = compatibleServer({ id: 'openai-compatible' })
