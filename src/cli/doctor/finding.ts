/** What `doctor` says: one finding per line, each with what to do when something is wrong. */
import type { Output, Style } from '../context.ts'
import { plain, plural, wrap } from '../format.ts'

export interface Finding {
  /** `wrong` makes the exit code 1; `notice` is worth reading. */
  readonly level: 'ok' | 'notice' | 'wrong'
  readonly area:
    | 'Runtime'
    | 'Configuration'
    | 'Data'
    | 'Images'
    | 'Ledger'
    | 'Gateway'
    | 'Providers'
    | 'Prices'
    | 'Caps'
    | 'Alerts'
  readonly message: string
  readonly remedy?: string
}

const marks: Readonly<Record<Finding['level'], { readonly mark: string; readonly style: Style }>> = {
  ok: { mark: 'ok', style: 'green' },
  notice: { mark: '!', style: 'yellow' },
  wrong: { mark: 'x', style: 'red' },
}

const MARK_WIDTH = 4

export function findingLines(findings: readonly Finding[], out: Output): string[] {
  const areas = [...new Set(findings.map(({ area }) => area))]
  return areas.flatMap((area, index) => [
    ...(index === 0 ? [] : ['']),
    out.paint('bold', area),
    ...findings.filter((it) => it.area === area).flatMap((finding) => lines(finding, out)),
  ])
}

function lines({ level, message, remedy }: Finding, out: Output): string[] {
  const { mark, style } = marks[level]
  const indent = ' '.repeat(MARK_WIDTH)
  const text = message.split('\n').flatMap((part) => wrap(plain(part), out.width - MARK_WIDTH))
  const help = remedy === undefined ? [] : wrap(plain(remedy), out.width - MARK_WIDTH).map((line) => out.paint('dim', line))
  return [...text, ...help].map((line, index) => (index === 0 ? `${out.paint(style, mark.padStart(2))}  ` : indent) + line)
}

/** `Nothing is wrong.`, `2 things are wrong, 1 to look at.` */
export function verdict(findings: readonly Finding[]): string {
  const wrong = findings.filter((it) => it.level === 'wrong').length
  const notices = findings.filter((it) => it.level === 'notice').length
  const rest = notices === 0 ? '' : `, ${notices} to look at`
  return wrong === 0 ? `Nothing is wrong${rest}.` : `${plural(wrong, 'thing is', 'things are')} wrong${rest}.`
}
