/** What the command-line client takes from the environment. Apart from the schema, so that commands start fast. */

/** The variables of the client; the gateway itself does not use them. */
export const clientVariables = {
  HALFTONE_URL: 'Address of the gateway the commands talk to; default: host and port of the configuration.',
  HALFTONE_KEY: 'Key the commands use; default: the admin key in the data folder.',
} as const satisfies Record<string, string>

type Environment = Readonly<Record<string, string | undefined>>

/** The environment of this process, for the entry point to hand on. */
export const processEnvironment = (): Environment => process.env

/** Empty values count as absent. */
export const readClientEnvironment = (
  env: Environment,
): { readonly url: string | undefined; readonly key: string | undefined } => ({
  url: env['HALFTONE_URL'] || undefined,
  key: env['HALFTONE_KEY'] || undefined,
})
