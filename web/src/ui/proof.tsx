import { sameOrigin } from '../lib/url.ts'

/** A picture as a proof: crop marks at the corners, its facts and a link to the original below. */
export function Proof(props: { url: string | null; alt: string; caption: string; aspect: number }) {
  if (props.url === null) {
    return (
      <figure className="proof">
        <Plate aspect={props.aspect} />
        <figcaption className="label mt-2">{props.caption}. The picture has expired; its costs are kept.</figcaption>
      </figure>
    )
  }
  const url = sameOrigin(props.url)
  return (
    <figure className="proof">
      <a href={url} target="_blank" rel="noreferrer" aria-label={`Open the original: ${props.caption}`}>
        <img src={url} alt={props.alt} className="block max-h-[70vh] w-full bg-well object-contain" decoding="async" />
      </a>
      <figcaption className="label mt-2">{props.caption}</figcaption>
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
