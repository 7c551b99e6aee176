import { type FormEvent, useState } from 'react'
import { newIdempotencyKey } from '../../api/client.ts'
import { fieldMessage } from '../../api/problem.ts'
import type { NewKey } from '../../api/wire.ts'
import { Field } from '../../components/field.tsx'
import { ProblemNotice } from '../../components/problem-notice.tsx'
import { Section } from '../../components/section.tsx'
import { useClient } from '../../data/api.ts'
import { useAction } from '../../data/use-action.ts'
import { SCOPES, type Scope } from './scopes.ts'

interface Props {
  readonly onCreated: (key: NewKey) => void
}

export function NewKeyForm({ onCreated }: Props) {
  const client = useClient()
  const [name, setName] = useState('')
  const [scopes, setScopes] = useState<ReadonlySet<Scope>>(new Set())
  const [expires, setExpires] = useState('')
  const create = useAction<[]>(async (signal) => {
    const expiry = expires === '' ? {} : { expires_at: new Date(`${expires}T00:00:00`).toISOString() }
    const body = { name: name.trim(), scopes: SCOPES.filter((scope) => scopes.has(scope)), ...expiry }
    onCreated(await client.send<NewKey>('POST', '/v1/keys', { body, idempotencyKey: newIdempotencyKey(), signal }))
    setName('')
    setScopes(new Set())
    setExpires('')
  })
  const errors = create.problem?.details.errors ?? []
  const toggle = (scope: Scope) =>
    setScopes((before) => new Set(before.has(scope) ? [...before].filter((one) => one !== scope) : [...before, scope]))
  const submit = (event: FormEvent) => {
    event.preventDefault()
    void create.run()
  }
  return (
    <Section title="New key">
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
        {create.problem && <ProblemNotice problem={create.problem} />}
        <button
          type="submit"
          className="primary"
          disabled={create.isRunning || name.trim() === '' || scopes.size === 0}
        >
          Create key
        </button>
      </form>
    </Section>
  )
}
