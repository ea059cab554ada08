/** Names for models that a server of one's own lists: `publisher/name` where they have that form, else of the publisher `local`. */

/** Lower case, and only what a model's name may hold: `Qwen/Qwen-Image`, `sd_xl_base_1.0.safetensors [31e35c80fc]`. */
export function localModel(wireModel: string): string {
  const [publisher, name, ...more] = wireModel.split('/').map(slug)
  const isName = publisher !== undefined && publisher !== '' && name !== undefined && name !== '' && more.length === 0
  return isName ? `${publisher}/${name}` : `local/${slug(wireModel) || 'model'}`
}

const slug = (text: string): string =>
  text
    .toLowerCase()
    .replace(/\s*\[[0-9a-f]+\]$/, '')
    .replace(/\.(safetensors|ckpt|gguf|pt)$/, '')
    .replace(/[^a-z0-9._-]+/g, '-')
    .replace(/^[-.]+|[-.]+$/g, '')
