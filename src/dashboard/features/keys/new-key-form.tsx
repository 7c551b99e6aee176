import { useMutation, useQueryClient } from '@tanstack/react-query'
import { type FormEvent, useState } from 'react'
import { dataOf, idempotent, newIdempotencyKey } from '../../../client/client.ts'
import { fieldMessage } from '../../../client/problem.ts'
import type { CreateApiKey, IssuedApiKey, Scope } from '../../../client/resources.ts'
import { Field } from '../../components/field.tsx'
import { ProblemNotice } from '../../components/problem-notice.tsx'
import { useClient } from '../../data/api.ts'
import { problemOf } from '../../data/problem-of.ts'
import { refreshKeys } from '../../data/queries/keys.ts'
import { REPEATABLE } from '../../data/query-client.ts'
import { SCOPES } from './scopes.ts'

interface Props {
  /** Whose it will be; the project of the key that asks, unless it is given. */
  readonly project?: string
  readonly onCreated: (key: IssuedApiKey) => void
}

export function NewKeyForm({ project, onCreated }: Props) {
  const create = useCreateKey(project ?? null)
  const [name, setName] = useState('')
  const [scopes, setScopes] = useState<ReadonlySet<Scope>>(new Set())
  const [expires, setExpires] = useState('')
  const problem = problemOf(create)
  const errors = problem?.details.errors ?? []
  const toggle = (scope: Scope) =>
    setScopes((before) => new Set(before.has(scope) ? [...before].filter((one) => one !== scope) : [...before, scope]))
  const submit = (event: FormEvent) => {
    event.preventDefault()
    const expiry = expires === '' ? {} : { expires_at: new Date(`${expires}T00:00:00`).toISOString() }
    const body = { name: name.trim(), scopes: SCOPES.filter((scope) => scopes.has(scope)), ...expiry }
    const onSuccess = (key: IssuedApiKey) => {
      onCreated(key)
      setName('')
      setScopes(new Set())
      setExpires('')
    }
    create.mutate({ body, idempotencyKey: newIdempotencyKey() }, { onSuccess })
  }
  return (
    <form onSubmit={submit}>
      <div className="fields">
        <Field label="Name" hint="who or what will use it" error={fieldMessage(errors, '/name')}>
          {(control) => <input {...control} value={name} onChange={(event) => setName(event.target.value)} />}
        </Field>
        <Field label="Expires" hint="optional" error={fieldMessage(errors, '/expires_at')}>
          {(control) => (
            <input {...control} type="date" value={expires} onChange={(event) => setExpires(event.target.value)} />
          )}
        </Field>
      </div>
      <fieldset className="scopes">
        <legend>Scopes</legend>
        {SCOPES.map((scope) => (
          <label key={scope}>
            <input type="checkbox" checked={scopes.has(scope)} onChange={() => toggle(scope)} /> {scope}
          </label>
        ))}
      </fieldset>
      {problem && <ProblemNotice problem={problem} />}
      <button type="submit" className="primary" disabled={create.isPending || name.trim() === '' || scopes.size === 0}>
        Create key
      </button>
    </form>
  )
}

interface NewKey {
  readonly body: CreateApiKey
  readonly idempotencyKey: string
}

function useCreateKey(project: string | null) {
  const client = useClient()
  const queries = useQueryClient()
  return useMutation({
    ...REPEATABLE,
    mutationFn: ({ body, idempotencyKey }: NewKey) => {
      const request = { body, ...idempotent(idempotencyKey) }
      if (project === null) return dataOf(client.POST('/v1/keys', request))
      return dataOf(client.POST('/v1/projects/{id}/keys', { params: { path: { id: project } }, ...request }))
    },
    onSuccess: () => void refreshKeys(queries)
  })
}
