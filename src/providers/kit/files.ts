/** How input images are named in forms. */
import type { ImageInput } from '../../core/request.ts'

const EXTENSIONS: Readonly<Record<string, string>> = {
  'image/png': 'png',
  'image/jpeg': 'jpg',
  'image/webp': 'webp',
  'image/gif': 'gif',
}

/** The name carries the type for servers that look at nothing else; what the client called its file is not passed on. */
export const filenameOf = ({ role, mediaType }: ImageInput, index: number): string =>
  `${role === 'mask' || role === 'markup' ? role : `image-${index}`}.${EXTENSIONS[mediaType] ?? 'bin'}`
