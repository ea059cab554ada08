import { describe, expect, test } from 'vitest'
import { createPublicLookup, isPublicAddress } from './public-address.ts'

describe('public addresses', () => {
  test.each([
    '1.1.1.1',
    '8.8.8.8',
    '100.128.0.1',
    '172.32.0.1',
    '192.0.1.1',
    '223.255.255.255',
    '2606:4700::1111',
    '2a00:1450::1',
  ])('%s is', (address) => expect(isPublicAddress(address)).toBe(true))
  test.each(['::ffff:8.8.8.8', '::ffff:808:808', '64:ff9b::8.8.8.8'])('%s is, by the IPv4 address inside', (address) =>
    expect(isPublicAddress(address)).toBe(true),
  )
  test.each([
    '0.0.0.0',
    '0.1.2.3',
    '10.1.2.3',
    '100.64.0.1',
    '100.127.255.255',
    '127.0.0.1',
    '127.255.255.254',
    '169.254.169.254',
    '172.16.0.1',
    '172.31.255.255',
    '192.0.0.8',
    '192.0.2.1',
    '192.168.1.1',
    '198.18.0.1',
    '198.19.255.255',
    '198.51.100.7',
    '203.0.113.9',
    '224.0.0.1',
    '239.1.1.1',
    '240.0.0.1',
    '255.255.255.255',
    '::',
    '::1',
    '::7f00:1',
    '::ffff:127.0.0.1',
    '::ffff:7f00:1',
    '::ffff:10.0.0.1',
    '64:ff9b::127.0.0.1',
    '64:ff9b::a00:1',
    '64:ff9b:1::1',
    '100::1',
    'fc00::1',
    'fd12:3456::1',
    'fe80::1',
    'fe80::1%eth0',
    'fec0::1',
    'ff02::1',
    '2001::1',
    '2001:10::1',
    '2001:db8::1',
    '2002:7f00:1::',
    '3fff::1',
    '4000::1',
    'localhost',
    '',
    '1.1.1',
  ])('%j is not', (address) => expect(isPublicAddress(address)).toBe(false))
})

describe('the lookup', () => {
  const lookup = (addresses: { address: string; family: number }[], all: boolean) =>
    new Promise((done) => {
      createPublicLookup((_, callback) => callback(null, addresses))('name.test', { all }, (error, address) =>
        done(error ?? address),
      )
    })
  const good = { address: '1.1.1.1', family: 4 }

  test('gives the checked addresses, in both shapes', async () => {
    expect(await lookup([good], false)).toBe('1.1.1.1')
    expect(await lookup([good], true)).toEqual([good])
  })
  test('refuses a name when any of its addresses is inside', async () => {
    expect(await lookup([good, { address: '10.0.0.1', family: 4 }], true)).toMatchObject({ name: 'BlockedAddressError' })
  })
  test('refuses a name without addresses', async () => {
    expect(await lookup([], true)).toBeInstanceOf(Error)
  })
})
