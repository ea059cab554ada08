/** Prompts for servers that may be stable-diffusion.cpp, which reads arguments of its own out of a tag in the prompt. */
import type { Warning } from '../../core/offer.ts'

const WHOLE = /<\s*sd_cpp_extra_args\b[^>]*>[\s\S]*?<\s*\/\s*sd_cpp_extra_args\s*>/gi
const TAG = /<\s*\/?\s*sd_cpp_extra_args\b[^>]*>/gi

/** A client of ours must not reach them. Removing can join two halves into a new tag, so it is repeated until none is left. */
export function safePrompt(prompt: string, param = 'prompt'): { readonly prompt: string; readonly warnings: readonly Warning[] } {
  let text = prompt
  for (let before = ''; before !== text; ) {
    before = text
    text = text.replace(WHOLE, '')
    // Halves only when no whole one is left, so that what stands between them does not become part of the prompt.
    if (text === before) text = text.replace(TAG, '')
  }
  if (text === prompt) return { prompt, warnings: [] }
  const message = 'Server arguments inside the prompt (<sd_cpp_extra_args>) were removed.'
  return { prompt: text.trim(), warnings: [{ code: 'parameter_dropped', param, message }] }
}
