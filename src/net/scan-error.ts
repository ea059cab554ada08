export type ScanErrorKind = 'invalid_json' | 'truncated' | 'malformed_base64' | 'too_large' | 'too_deep' | 'too_many_bodies'

/** Why a body could not be read; the caller maps it to the error of its side. The message quotes nothing of the body. */
export class ScanError extends Error {
  readonly kind: ScanErrorKind
  constructor(kind: ScanErrorKind, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause })
    this.name = 'ScanError'
    this.kind = kind
  }
}
