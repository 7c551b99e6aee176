import { QueryClientProvider } from '@tanstack/react-query'
import { type ReactNode, useCallback, useEffect, useMemo, useState } from 'react'
import { createKappaClient } from '../../../client/client.ts'
import type { Problem } from '../../../client/problem.ts'
import { ClientContext } from '../../data/api.ts'
import { createQueryClient } from '../../data/query-client.ts'
import { forgetKey, readKey, saveKey } from '../../data/session.ts'
import { keyFromHash } from '../../router.ts'
import { KeyForm } from './key-form.tsx'

/** The key of `/#key=…` is kept and leaves the address bar before anything can copy or log it. */
function takeKeyFromAddress(): string | null {
  const key = keyFromHash(window.location.hash)
  if (key === null) return readKey()
  saveKey(key)
  window.history.replaceState(null, '', `${window.location.pathname}#/runs`)
  return key
}

interface Props {
  readonly children: (signOut: () => void) => ReactNode
}

/** Pages behind it have a client with a key; a key that the API refuses leads back to the form. */
export function SessionGate({ children }: Props) {
  const [key, setKey] = useState(takeKeyFromAddress)
  const [problem, setProblem] = useState<Problem | null>(null)

  const open = useCallback((next: string) => {
    saveKey(next)
    setProblem(null)
    setKey(next)
  }, [])
  const close = useCallback((because: Problem | null) => {
    forgetKey()
    setProblem(because)
    setKey(null)
  }, [])

  useEffect(() => {
    const onHashChange = () => {
      const next = keyFromHash(window.location.hash)
      if (next === null) return
      window.history.replaceState(null, '', `${window.location.pathname}#/runs`)
      open(next)
    }
    window.addEventListener('hashchange', onHashChange)
    return () => window.removeEventListener('hashchange', onHashChange)
  }, [open])

  // Both end with the key: what was read with one is never shown under another.
  const session = useMemo(
    () =>
      key === null
        ? null
        : { client: createKappaClient({ baseUrl: '', key, onUnauthorized: close }), queries: createQueryClient() },
    [key, close]
  )
  if (session === null) return <KeyForm problem={problem} onKey={open} />
  return (
    <ClientContext value={session.client}>
      <QueryClientProvider client={session.queries}>{children(() => close(null))}</QueryClientProvider>
    </ClientContext>
  )
}
