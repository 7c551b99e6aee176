import { useClient } from '../../data/api.ts'
import { keyNamesQuery } from '../../data/queries/keys.ts'
import { useResource } from '../../data/use-resource.ts'

const OIDC = 'oidc:'

/** Who asked: a key by its name, a token by its subject. */
export function Actor({ actor }: { readonly actor: string }) {
  const { data: names } = useResource(keyNamesQuery(useClient()))
  if (actor.startsWith(OIDC)) return <span title="by OpenID Connect">{actor.slice(OIDC.length)}</span>
  const name = names?.get(actor)
  return name === undefined ? <span className="mono small">{actor}</span> : <span title={actor}>{name}</span>
}

/** Ids of keys with their names, for a field that takes an id. */
export function KeyChoices({ id }: { readonly id: string }) {
  const { data: names } = useResource(keyNamesQuery(useClient()))
  return (
    <datalist id={id}>
      {[...(names ?? [])].map(([key, name]) => (
        <option key={key} value={key}>
          {name}
        </option>
      ))}
    </datalist>
  )
}
