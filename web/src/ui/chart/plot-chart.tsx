import { type Markish, type PlotOptions, plot } from '@observablehq/plot'
import { useEffect, useRef, useState } from 'react'
import type { ChartPoint, ChartProps } from './chart-data.ts'
import { plotOptions } from './plot-options.ts'

type Props = ChartProps & { readonly series: readonly string[]; readonly height: number }

/** Draws at the width there is, again when it changes. */
export function PlotChart(props: Props) {
  const host = useRef<HTMLDivElement>(null)
  const [width, setWidth] = useState(0)
  useEffect(() => {
    const element = host.current
    if (!element) return
    const observer = new ResizeObserver(([entry]) => setWidth(Math.floor(entry?.contentRect.width ?? 0)))
    observer.observe(element)
    return () => observer.disconnect()
  }, [])
  useEffect(() => {
    const element = host.current
    if (!element || width === 0) return
    const drawing = draw(plotOptions(props, width))
    drawing.setAttribute('role', 'img')
    drawing.setAttribute('aria-label', props.label)
    const pick = () => {
      const point = (drawing as SVGSVGElement & { value?: ChartPoint | null }).value
      if (point) props.onPick?.(point)
    }
    drawing.addEventListener('click', pick)
    if (props.onPick) drawing.setAttribute('data-picks', 'true')
    element.replaceChildren(drawing)
    return () => drawing.removeEventListener('click', pick)
  }, [props, width])
  return <div ref={host} className="chart-plot" data-height={props.height} />
}

/**
 * The drawing without the style element the library puts into it: the content security policy forbids inline styles, and
 * `charts.css` holds the same rules.
 */
function draw(options: PlotOptions & { marks: Markish[] }): Element {
  const drawing = plot({ ...options, className: 'plot' })
  for (const style of drawing.querySelectorAll('style')) style.remove()
  // A name on a part without a role means nothing to a screen reader; the whole drawing has one.
  for (const part of drawing.querySelectorAll('g[aria-label]')) part.removeAttribute('aria-label')
  return drawing
}
