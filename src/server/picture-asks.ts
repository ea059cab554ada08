/** Whether a body of a text path asks for pictures. It is passed through unchanged, so nothing of it is rewritten or left out. */
import { HalftoneError } from '../core/error.ts'
import { createJsonStrings } from '../net/json-strings.ts'
import { ScanError } from '../net/scan-error.ts'

export interface PictureAsks {
  /** Throws `invalid_json`, as `end` does: what cannot be read is not passed on. */
  write(chunk: Uint8Array): void
  /** Where it asks for them, as a person would look for it; undefined when it does not. */
  end(): string | undefined
}

const MAX_STRING_BYTES = 1_536
const MAX_DEPTH = 128

const DRAWS = /image.?gen|generat\w*.?image/i
const modalities = new Set(['modalities', 'response_modalities', 'responseModalities', 'output_modalities'])

/** `draws`: whether a model, as the provider calls it, is one of those that make pictures. */
export function createPictureAsks(draws: (model: string) => boolean): PictureAsks {
  let where: string | undefined
  const strings = createJsonStrings({
    maxBytes: MAX_STRING_BYTES,
    maxDepth: MAX_DEPTH,
    found(path, value) {
      where ??= askOf(path, value, draws)
    },
  })
  return {
    write: (chunk) => reading(() => strings.write(chunk)),
    end() {
      reading(() => strings.end())
      return where
    },
  }
}

function askOf(path: readonly string[], value: string, draws: (model: string) => boolean): string | undefined {
  if (path[0] === 'metadata') return undefined
  const name = path.at(-1) ?? ''
  const isTool = path.includes('tools') || path.includes('tool_choice')
  if (isTool && (name === 'type' || name === 'tool_choice') && DRAWS.test(value)) return `the tool "${shown(value)}"`
  if (modalities.has(name) && /^image$/i.test(value)) return `"${name}"`
  if (name === 'include' && DRAWS.test(value)) return `"include"`
  // What a stored prompt holds, tools among it, only the provider knows.
  if (name === 'id' && path.at(-2) === 'prompt') return 'the stored prompt, which may carry tools,'
  if ((name === 'model' || name === 'models') && draws(value)) return `the model "${shown(value)}"`
  return undefined
}

const shown = (value: string): string => value.slice(0, 64)

function reading(run: () => void): void {
  try {
    run()
  } catch (error) {
    if (!(error instanceof ScanError)) throw error
    throw new HalftoneError('invalid_json', `The body is not JSON that can be passed through: ${error.message}.`, {
      cause: error,
    })
  }
}
