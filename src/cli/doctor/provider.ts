/** `doctor --provider`: what one provider lacks, in the order in which to mend it. */
import type { Config } from '../../config/index.ts'
import { readVerifications, type Verification } from '../../config/verifications.ts'
import { examFindings } from '../../core/provider-exam.ts'
import type { CliContext } from '../context.ts'

import type { Finding } from './finding.ts'
import { checkPrices } from './local.ts'

const area = 'Providers'

/** Everything about the provider or type of this name. Never spends. */
export async function checkProvider(config: Config, name: string, { env, signal, nowMs }: CliContext): Promise<Finding[]> {
  const { examineProvider } = await import('../../compose/doctor.ts')
  const exam = await examineProvider(config, env, name, signal)
  const found = examFindings(exam, name).map((finding): Finding => ({ ...finding, area }))
  if (exam.kind !== 'configured') return found
  return [
    ...found,
    ...(await verificationFindings(config, name, exam.offers)),
    ...(await checkPrices({ ...config, providers: onlyProvider(config, name) }, nowMs())),
  ]
}

const onlyProvider = ({ providers }: Config, name: string): Config['providers'] =>
  Object.fromEntries(Object.entries(providers).filter(([key]) => key === name))

/** One line per provider that was ever verified; the others are not asked after here. */
export async function checkVerifications(config: Config): Promise<Finding[]> {
  const known = [...(await readVerifications(config.storage.dataDir)).keys()]
  const findings = await Promise.all(
    Object.values(config.providers).map(({ name }) => {
      const offers = known.filter((offer) => offer.startsWith(`${name}:`))
      return offers.length === 0 ? [] : verificationFindings(config, name, offers)
    }),
  )
  return findings.flat()
}

/** `verified on 2026-11-22: 3 of 5 offers, all as said`. */
async function verificationFindings({ storage }: Config, name: string, offers: readonly string[]): Promise<Finding[]> {
  const known = await readVerifications(storage.dataDir)
  const found = offers.flatMap((offer): (readonly [string, Verification])[] => {
    const verification = known.get(offer)
    return verification ? [[offer, verification]] : []
  })
  if (found.length === 0) {
    return [
      {
        level: 'notice',
        area,
        message: `${name} was never verified`,
        remedy: `\`halftone verify ${name}\` buys the smallest pictures.`,
      },
    ]
  }
  const last = found
    .map(([, { at }]) => at)
    .sort()
    .at(-1)
    ?.slice(0, 10)
  const departed = found.filter(([, { departures }]) => departures.length > 0)
  const counted = `${name} was verified on ${last}: ${found.length} of ${offers.length} offers`
  return [
    {
      level: 'ok',
      area,
      message: departed.length === 0 ? `${counted}, all as said` : `${counted}, ${found.length - departed.length} as said`,
    },
    ...departed.map(
      ([offer, { departures }]): Finding => ({ level: 'notice', area, message: `${offer}: ${departures.join('; ')}` }),
    ),
  ]
}
