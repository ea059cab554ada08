// In a checkout, after `npm run build`: node examples/price-a-month/run.js [requests.csv] [model or offer ...]
import { readFile } from 'node:fs/promises'
import * as shipped from 'halftone/prices'
import { loadPriceBook } from 'halftone/pricing'
import { cellsOf, headline, parseRequests, popular, priceMonth } from './month.js'

const [file = new URL('requests.csv', import.meta.url), ...others] = process.argv.slice(2)
const requests = parseRequests(await readFile(file, 'utf8'))
const { month, parts, elsewhere } = priceMonth(loadPriceBook(shipped), requests, others.length > 0 ? others : popular)

console.log(headline(requests, month))
console.table(parts.map(cellsOf))
console.log('The same month elsewhere. A price says nothing about the picture, nor whether the model makes it:')
console.table(elsewhere.map(cellsOf))
