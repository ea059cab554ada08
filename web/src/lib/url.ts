/**
 * An image link as path and query on this origin. Links carry the public URL of the gateway, which need not be the host the
 * dashboard was opened on, and the content security policy loads images from this origin alone.
 */
export function sameOrigin(url: string): string {
  const { pathname, search } = new URL(url, 'http://localhost')
  return `${pathname}${search}`
}
