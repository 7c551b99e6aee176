import { createContext, useContext } from 'react'
import type { KappaClient } from '../../client/client.ts'

export const ClientContext = createContext<KappaClient | null>(null)

export function useClient(): KappaClient {
  const client = useContext(ClientContext)
  if (!client) throw new Error('useClient outside of a session')
  return client
}
