import { inspect } from 'node:util'

const REDACTED = '[redacted]'

/** A value that prints, serialises and inspects as `[redacted]`; `reveal()` is the only way to read it. */
export class Secret {
  readonly #value: string

  constructor(value: string) {
    this.#value = value
  }

  /** The plain value, for the one place that sends it. */
  reveal(): string {
    return this.#value
  }

  toString(): string {
    return REDACTED
  }

  toJSON(): string {
    return REDACTED
  }

  [inspect.custom](): string {
    return REDACTED
  }
}

/** Every secret within, so that logs can leave them out. */
export function secretsOf(value: unknown): readonly string[] {
  if (value instanceof Secret) return [value.reveal()]
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(secretsOf) : []
}
