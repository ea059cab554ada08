/** The questions of `setup`. */
import { cancel, isCancel, multiselect, password, select, text } from '@clack/prompts'
import type { ProviderChoice } from '../../compose/offline.ts'
import { CliError } from '../exit.ts'
import { type Account, type AccountKey, isUsd, modelsOf, type SetupPlan, variableOf } from './accounts.ts'

type Environment = Readonly<Record<string, string | undefined>>

export async function askPlan(choices: readonly ProviderChoice[], env: Environment): Promise<SetupPlan> {
  const types = answerOf(
    await multiselect({
      message: 'Which providers do you have? (space selects, enter goes on; none is fine: the sandbox needs none)',
      options: choices.map(({ type, needsBaseUrl, variable }) => ({
        value: type,
        label: type,
        hint: needsBaseUrl
          ? 'your own server or another service, by its address'
          : variable !== undefined && env[variable]
            ? `${variable} is set`
            : '',
      })),
      required: false,
    }),
  )
  const accounts: Account[] = []
  for (const choice of choices.filter(({ type }) => types.includes(type))) accounts.push(await askAccount(choice, env))
  if (accounts.length === 0) return { accounts }
  const cap = answerOf(
    await text({
      message: 'Most USD to spend per day, all requests together (empty: no cap)',
      initialValue: '10',
      validate: (value) => (!value || isUsd(value) ? undefined : 'Write USD such as 10 or 2.50.'),
    }),
  )
  return { accounts, ...(cap ? { maxUsdPerDay: cap } : {}) }
}

async function askAccount(choice: ProviderChoice, env: Environment): Promise<Account> {
  const { type, needsBaseUrl } = choice
  if (!needsBaseUrl) {
    const key = await askKey(type, choice, env)
    return { name: type, type, ...(key === undefined ? {} : { key }), ...(await askOptions(type, choice)) }
  }
  const name = answerOf(
    await text({
      message: `${type}: a short name for it`,
      placeholder: 'local',
      validate: (value) =>
        /^[A-Za-z0-9][\w.-]{0,63}$/.test(value ?? '') ? undefined : 'Letters, digits, "-", "_" and "." only.',
    }),
  )
  const baseUrl = answerOf(
    await text({
      message: `${name}: its address`,
      placeholder: 'http://127.0.0.1:8000/v1',
      validate: (value) =>
        /^https?:\/\//.test(value ?? '') && URL.canParse(value ?? '') ? undefined : 'Write it like http://host:port/v1.',
    }),
  )
  const key = await askKey(name, choice, env)
  const options = await askOptions(name, choice)
  const models = answerOf(
    await text({
      message: `${name}: the models it serves, as it calls them (commas between${choice.findsModels ? '; empty: it is asked' : ''})`,
      validate: (value) => (choice.findsModels || modelsOf(value ?? '').length > 0 ? undefined : 'Name at least one.'),
    }),
  )
  const perImage = answerOf(
    await text({
      message: `${name}: USD per picture (0 is a price; empty: never chosen)`,
      validate: (value) => (!value || isUsd(value) ? undefined : 'Write USD such as 0.02.'),
    }),
  )
  return {
    name,
    type,
    baseUrl,
    ...options,
    ...(modelsOf(models).length > 0 ? { models: modelsOf(models) } : {}),
    ...(key === undefined ? {} : { key }),
    ...(perImage ? { perImage } : {}),
  }
}

/** What the type cannot do without. */
async function askOptions(name: string, { options }: ProviderChoice): Promise<Pick<Account, 'options'>> {
  const answers: Record<string, string> = {}
  for (const { name: option, description } of options) {
    answers[option] = answerOf(
      await text({
        message: `${name}: ${option}${description ? ` (${description})` : ''}`,
        validate: (value) => (value ? undefined : 'It needs one.'),
      }),
    )
  }
  return options.length === 0 ? {} : { options: answers }
}

/** A key that is set in the environment is not asked for. */
async function askKey(name: string, choice: ProviderChoice, env: Environment): Promise<AccountKey | undefined> {
  const variable = variableOf(name, choice)
  if (env[variable]) return { kind: 'variable', variable }
  const secret = answerOf(
    await password({
      message: `${name}: API key${choice.requiresKey ? '' : ' (empty: it needs none)'}`,
      validate: (value) => (value || !choice.requiresKey ? undefined : 'It needs one.'),
    }),
  )
  if (!secret) return undefined
  const place = answerOf(
    await select({
      message: 'Where shall the key be kept?',
      options: [
        {
          value: 'variable' as const,
          label: `in the variable ${variable}`,
          hint: 'recommended; you set it where you start Halftone',
        },
        { value: 'text' as const, label: 'in the configuration file', hint: 'readable only by you' },
      ],
    }),
  )
  return place === 'variable' ? { kind: 'variable', variable, secret } : { kind: 'text', secret }
}

/** The answer; Ctrl-C or Escape ends the command with nothing changed. */
export function answerOf<Answer>(answer: Answer): Exclude<Answer, symbol> {
  // The prompts' only symbol is the one `isCancel` knows.
  if (!isCancel(answer)) return answer as Exclude<Answer, symbol>
  cancel('Nothing was changed.')
  throw new CliError('interrupted', '')
}
