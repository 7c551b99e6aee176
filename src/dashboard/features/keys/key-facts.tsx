import type { ApiKey } from '../../../client/resources.ts'
import { Ago } from '../../components/time.tsx'

/** The last is what can be done with it, or whether it is in use. */
export const KEY_COLUMNS = ['Name', 'Scopes', 'Created', 'Last used', 'Expires', '']

export const keyFacts = (key: ApiKey) => [
  <span key="name" title={key.id}>
    {key.name}
  </span>,
  <span key="scopes" className="small">
    {key.scopes.join(', ')}
  </span>,
  <Ago key="created" at={key.created_at} />,
  key.last_used_at === null ? 'never' : <Ago key="used" at={key.last_used_at} />,
  key.expires_at === null ? 'never' : new Date(key.expires_at).toLocaleDateString()
]
