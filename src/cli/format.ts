/** Values as a person reads them. Money stays exact: the wire's decimal text is never turned into a number. */

/** `$0.042`, `-$0.01`. */
export const usd = (amount: string): string => (amount.startsWith('-') ? `-$${amount.slice(1)}` : `$${amount}`)

/** The amounts padded on the right so that their decimal points stand in one column once they are right-aligned. */
export function alignDecimals(amounts: readonly string[]): string[] {
  const decimals = (text: string) => {
    const point = text.lastIndexOf('.')
    return point === -1 ? 0 : text.length - point
  }
  const widest = Math.max(0, ...amounts.filter((it) => /\d/.test(it)).map(decimals))
  return amounts.map((it) => (/\d/.test(it) ? it + ' '.repeat(widest - decimals(it)) : it))
}

/** `850 ms`, `3.2 s`, `1 m 12 s`. */
export function duration(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)} ms`
  if (ms < 59_950) return `${(ms / 1000).toFixed(1)} s`
  const seconds = Math.round(ms / 1000)
  return `${Math.floor(seconds / 60)} m ${seconds % 60} s`
}

/** `512 B`, `1.4 MiB`. */
export function bytes(count: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'] as const
  let value = count
  let unit = 0
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024
    unit += 1
  }
  return `${unit === 0 ? value : value.toFixed(1)} ${units[unit]}`
}

/** `2026-11-22 14:02:11`, UTC. Text that is no time is shown as it is. */
export const dateTime = (iso: string): string => (/^\d{4}-\d\d-\d\dT/.test(iso) ? iso.slice(0, 19).replace('T', ' ') : iso)

/** The time of day for today, else month and day too: narrow enough for a table. UTC. */
export function shortTime(iso: string, nowMs: number): string {
  const text = dateTime(iso)
  return text.startsWith(new Date(nowMs).toISOString().slice(0, 10)) ? text.slice(11) : text.slice(5, 16)
}

/** The end of an id: ids begin with their time, so only the end tells two of them apart. */
export const shortId = (id: string): string => id.slice(-8)

/** `1 image`, `3 images`. */
export const plural = (count: number, one: string, many = `${one}s`): string => `${count} ${count === 1 ? one : many}`

/** Lines of at most `width` characters: broken at blanks; a word that is longer, after `/ : @ + , _ -`, else anywhere. */
export function wrap(text: string, width: number): string[] {
  const lines: string[] = []
  let line = ''
  const flush = () => {
    lines.push(line.trimEnd())
    line = ''
  }
  const pieces = text.split(/(\s+)/).flatMap((word) => (word.length > width ? word.split(/(?<=[/:@+,_-])/) : [word]))
  for (let piece of pieces) {
    if (line !== '' && line.length + piece.trimEnd().length > width) flush()
    // A line never starts with the blank it was broken at; the first one keeps its indent.
    if (line === '' && lines.length > 0) piece = piece.trimStart()
    while (piece.length > width) {
      line = piece.slice(0, width)
      flush()
      piece = piece.slice(width)
    }
    line += piece
  }
  if (line.trimEnd() !== '' || lines.length === 0) flush()
  return lines
}

/** Shortened to `width` with an ellipsis; for prompts, where the whole text is elsewhere. One line. */
export function clip(text: string, width: number): string {
  const single = text.replace(/\s+/g, ' ').trim()
  return single.length <= width ? single : `${single.slice(0, Math.max(0, width - 1))}…`
}

/**
 * Text from outside (prompts, provider messages), made safe for a terminal: control characters, which could move the
 * cursor or change colours, become spaces.
 */
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for.
export const plain = (text: string): string => text.replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g, ' ')
