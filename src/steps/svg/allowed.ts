/** What of an SVG is kept. Anything not named here is left out: scripts, links, animations, filters, foreign content. */
const words = (text: string): ReadonlySet<string> => new Set(text.trim().split(/\s+/))

export const allowedElements = words(`
  svg g defs title desc path rect circle ellipse line polyline polygon text tspan
  linearGradient radialGradient stop clipPath mask pattern marker symbol use image style`)

/** Drawn only where something refers to them. */
export const resourceElements = words('clipPath mask pattern marker symbol')
export const gradientElements = words('linearGradient radialGradient')

export const allowedAttributes = words(`
  id class style transform x y x1 y1 x2 y2 cx cy r rx ry fx fy fr width height d points viewBox preserveAspectRatio dx dy rotate
  pathLength href xlink:href offset stop-color stop-opacity gradientUnits gradientTransform spreadMethod clipPathUnits
  maskUnits maskContentUnits mask-type patternUnits patternContentUnits patternTransform markerUnits markerWidth markerHeight
  refX refY orient marker-start marker-end clip-path clip-rule mask fill fill-opacity fill-rule stroke stroke-width
  stroke-opacity stroke-linecap stroke-linejoin stroke-miterlimit stroke-dasharray stroke-dashoffset opacity color display
  visibility overflow vector-effect paint-order shape-rendering text-rendering font-family font-size font-style font-weight
  font-variant font-stretch letter-spacing word-spacing text-anchor text-decoration dominant-baseline alignment-baseline
  baseline-shift textLength lengthAdjust xml:space`)
