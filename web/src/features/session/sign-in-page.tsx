import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { getRouteApi, useRouter } from '@tanstack/react-router'
import { type FormEvent, useState } from 'react'
import { call } from '../../api/client.ts'
import { keys, signInOptionsQuery } from '../../api/queries.ts'
import { ControlStrip, HalftoneArt, Mark } from '../../ui/halftone-art.tsx'
import { ErrorNotice } from '../../ui/notice.tsx'
import { failureText, oidcUrl } from './select-session.ts'

const route = getRouteApi('/sign-in')

export function SignInPage() {
  return (
    <main className="grid min-h-dvh md:grid-cols-[minmax(24rem,1fr)_minmax(0,1.3fr)]">
      <div className="flex flex-col px-6 py-8 sm:px-12">
        <p className="flex items-center gap-2.5 text-xl font-bold tracking-tight">
          <Mark className="size-8" />
          Halftone
        </p>
        <div className="my-auto w-full max-w-sm py-12">
          <h1 className="text-[2rem] leading-[1.1] font-bold tracking-tight">What every picture really costs</h1>
          <p className="mt-3 text-muted">Sign in to see it.</p>
          <ProviderSignIn />
          <SignInForm />
        </div>
        <p className="label max-w-sm">
          The admin key was printed when the gateway first started. Lost it?{' '}
          <code className="font-mono">halftone keys reset-admin</code> makes a new one.
        </p>
      </div>
      <div className="plate relative overflow-hidden max-md:hidden">
        <HalftoneArt className="absolute inset-0 m-auto size-[min(90%,86vh)]" />
        <ControlStrip className="plate-strip absolute inset-x-0 bottom-0" />
      </div>
    </main>
  )
}

/** The way by the identity provider, when there is one, and what became of the last try. */
function ProviderSignIn() {
  const { data } = useQuery(signInOptionsQuery)
  const { to, error } = route.useSearch()
  const failure = error === undefined ? undefined : failureText(error)
  return (
    <>
      {failure !== undefined && (
        <p role="alert" className="mt-5 border-l-4 border-magenta bg-warn-ground px-3 py-2">
          <strong>You are not signed in.</strong> {failure}
        </p>
      )}
      {data?.oidc && (
        <>
          <a className="button button-primary mt-7 w-full justify-center" href={oidcUrl(data.oidc.url, to)}>
            Sign in with {data.oidc.name}
          </a>
          <p className="label mt-6">Or with a key</p>
        </>
      )}
    </>
  )
}

function SignInForm() {
  const [key, setKey] = useState('')
  const queryClient = useQueryClient()
  const router = useRouter()
  const { to = '/' } = route.useSearch()
  const signIn = useMutation({
    mutationFn: (secret: string) => call('signIn', { body: { key: secret } }),
    onSuccess: (session) => {
      queryClient.setQueryData(keys.session, session)
      router.history.push(to)
    },
  })
  const submit = (event: FormEvent) => {
    event.preventDefault()
    signIn.mutate(key.trim())
  }
  return (
    <form onSubmit={submit} className="mt-7 flex flex-col gap-3">
      <label className="font-medium" htmlFor="key">
        Key
      </label>
      <input
        id="key"
        className="field font-mono"
        type="password"
        autoComplete="current-password"
        required
        spellCheck={false}
        value={key}
        onChange={(event) => setKey(event.target.value)}
        aria-invalid={signIn.isError}
      />
      <button type="submit" className="button button-primary" disabled={signIn.isPending || key.trim() === ''}>
        {signIn.isPending ? 'Signing in' : 'Sign in'}
      </button>
      {signIn.isError && <ErrorNotice error={signIn.error} title="That did not work" />}
    </form>
  )
}
