// Partial pictures while the last one is made; the final event says what it cost.
// Run it beside a gateway: HALFTONE_KEY="$(cat .halftone/admin-key)" npx node examples/stream.ts
import OpenAI from 'openai'

const client = new OpenAI({ baseURL: 'http://127.0.0.1:7788/v1', apiKey: process.env['HALFTONE_KEY'] })

const events = await client.images.generate({
  model: 'sandbox/thinking',
  prompt: 'a harbour town in the mist',
  stream: true,
  partial_images: 2,
})

for await (const event of events) {
  if (event.type === 'image_generation.partial_image') {
    console.log(`partial picture ${event.partial_image_index + 1}: ${event.b64_json.length} base64 characters`)
  } else if (event.type === 'image_generation.completed') {
    // `halftone` is Halftone's own addition, which OpenAI's types do not know.
    const { halftone } = event as typeof event & { readonly halftone: { readonly cost_usd: string; readonly offer: string } }
    console.log(`final picture: ${event.b64_json.length} base64 characters, $${halftone.cost_usd} at ${halftone.offer}`)
  }
}
