/** Configured accounts, and prices through time and by hand. */
import type { Endpoint } from './endpoints.ts'
import * as changes from './price-changes.ts'
import * as prices from './prices.ts'
import * as providers from './providers.ts'

export const providerEndpoints = {
  listProviders: {
    method: 'GET',
    path: '/v1/halftone/providers',
    access: 'providers.read',
    summary: 'Configured accounts as this node sees them: keys, breakers, queues, last errors, and what is missing.',
    response: providers.providerList,
  },
  verifyProvider: {
    method: 'POST',
    path: '/v1/halftone/providers/{name}/verify',
    access: 'providers.write',
    summary: 'Buy the smallest picture of each offer within a stated sum, and compare it with codec and price book.',
    body: providers.verifyRequest,
    response: providers.verification,
  },
  priceHistory: {
    method: 'GET',
    path: '/v1/halftone/prices/history',
    access: 'prices.read',
    summary: 'Every dated rate of an offer through time, with its source.',
    query: changes.priceHistoryQuery,
    response: prices.priceList,
  },
  listPriceSets: {
    method: 'GET',
    path: '/v1/halftone/prices/sets',
    access: 'prices.read',
    summary: 'Sets of prices that were installed, and which one is in use.',
    response: changes.priceSetList,
  },
  changePrice: {
    method: 'POST',
    path: '/v1/halftone/prices/changes',
    access: 'prices.write',
    summary: 'Set another price from a day on, or end one; shows what changes, and installs it as a new set of prices.',
    body: changes.priceChangeRequest,
    response: changes.priceChange,
  },
  rollbackPrices: {
    method: 'POST',
    path: '/v1/halftone/prices/rollback',
    access: 'prices.write',
    summary: 'Return to the set of prices before this one, or to the shipped one.',
    body: changes.priceRollbackRequest,
    response: changes.priceRollback,
  },
} as const satisfies Record<string, Endpoint>
