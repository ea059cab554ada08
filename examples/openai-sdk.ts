// Any OpenAI SDK works; change the base URL and nothing else.
// Run it beside a gateway: HALFTONE_KEY="$(cat .halftone/admin-key)" npx node examples/openai-sdk.ts
import { writeFile } from 'node:fs/promises'
import OpenAI from 'openai'

const client = new OpenAI({ baseURL: 'http://127.0.0.1:7788/v1', apiKey: process.env['HALFTONE_KEY'] })

const { data: answer, response } = await client.images
  .generate({ model: 'auto', prompt: 'a lighthouse at dusk, linocut' })
  .withResponse()

await writeFile('lighthouse.png', Buffer.from(answer.data?.[0]?.b64_json ?? '', 'base64'))
console.log(`lighthouse.png cost $${response.headers.get('x-halftone-cost-usd')}`)
