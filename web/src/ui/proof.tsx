import { sameOrigin } from '../lib/url.ts'

interface Props {
  readonly url: string | null
  readonly alt: string
  readonly caption: string
  /** Pixels; they keep the place of the picture while it loads. */
  readonly width: number
  readonly height: number
  /** Beside other things the picture is kept low enough that they stay in sight. */
  readonly compact?: boolean
  /** Shows the picture larger on this page; absent: a press opens the original in another tab. */
  readonly onOpen?: () => void
}

/** A picture as a proof: crop marks at its corners, its facts below, and a link to the original. */
export function Proof(props: Props) {
  if (props.url === null) {
    return (
      <figure>
        <div className="proof">
          <Plate aspect={props.width / props.height} />
        </div>
        <figcaption className="label ml-3.5">{props.caption}. The picture has expired; its costs are kept.</figcaption>
      </figure>
    )
  }
  const url = sameOrigin(props.url)
  return (
    <figure>
      <a
        href={url}
        target="_blank"
        rel="noreferrer"
        aria-label={props.onOpen ? `Look at it larger, ${props.caption}` : `Open the original, ${props.caption}`}
        onClick={(event) => {
          if (!props.onOpen || event.ctrlKey || event.metaKey || event.shiftKey) return
          event.preventDefault()
          props.onOpen()
        }}
        className={`proof block ${props.compact ? 'proof-compact' : ''}`}
      >
        <img
          src={url}
          alt={props.alt}
          width={props.width}
          height={props.height}
          className="block h-auto max-w-full bg-well"
          decoding="async"
        />
      </a>
      <figcaption className="label ml-3.5">{props.caption}</figcaption>
    </figure>
  )
}

/** The place of a picture that is not there, in its shape: an SVG holds the aspect without a style attribute. */
export function Plate({ aspect, developing = false }: { aspect: number; developing?: boolean }) {
  return (
    <div className={developing ? 'screen-developing' : 'screen'} aria-hidden="true">
      <svg viewBox={`0 0 ${Math.round(1000 * aspect)} 1000`} className="block max-h-[60vh] w-full" aria-hidden="true" />
    </div>
  )
}
