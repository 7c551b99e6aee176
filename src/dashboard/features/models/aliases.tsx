import { type FormEvent, useState } from 'react'
import { fieldMessage } from '../../../client/problem.ts'
import type { Model, ModelAlias } from '../../../client/resources.ts'
import { Field } from '../../components/field.tsx'
import { List } from '../../components/list.tsx'
import { ProblemNotice } from '../../components/problem-notice.tsx'
import { Section } from '../../components/section.tsx'
import { Ago } from '../../components/time.tsx'
import { useClient } from '../../data/api.ts'
import { problemOf } from '../../data/problem-of.ts'
import { aliasList } from '../../data/queries/models.ts'
import { useList } from '../../data/use-list.ts'
import { href } from '../../router.ts'
import { RemoveAlias, useMoveAlias } from './alias-verbs.tsx'

const COLUMNS = ['Alias', 'Means', 'Since', '']

export function Aliases({ model, name }: { readonly model: Model; readonly name: string }) {
  const list = useList(aliasList(useClient(), name))
  const move = useMoveAlias(name)
  const [alias, setAlias] = useState('')
  const problem = problemOf(move)
  const submit = (event: FormEvent) => {
    event.preventDefault()
    const known = list.items?.find((one) => one.alias === alias.trim())
    move.mutate({ alias: alias.trim(), model: model.id, etag: known?.etag ?? null }, { onSuccess: () => setAlias('') })
  }
  const row = (one: ModelAlias) => [
    <code key="alias">
      {name}@{one.alias}
    </code>,
    one.model === model.id ? (
      'this version'
    ) : (
      <a key="model" href={href.model(one.model)}>
        version {one.version}
      </a>
    ),
    <Ago key="since" at={one.updated_at} />,
    <div key="actions" className="actions">
      {one.model !== model.id && (
        <button
          type="button"
          disabled={move.isPending}
          onClick={() => move.mutate({ alias: one.alias, model: model.id, etag: one.etag })}
        >
          Move here
        </button>
      )}
      <RemoveAlias known={one} />
    </div>
  ]
  return (
    <Section title="Aliases" actions={<a href={href.models({ versions_of: name })}>All versions of {name}</a>}>
      <List
        list={list}
        label="Aliases"
        columns={COLUMNS}
        keyOf={(one) => one.alias}
        row={row}
        empty={`Nothing but its version, ${name}@${model.version}, means this model.`}
      />
      <form onSubmit={submit}>
        <Field
          label="Alias for this version"
          hint="requests name it name@alias"
          error={fieldMessage(problem?.details.errors ?? [], 'alias')}
        >
          {(control) => (
            <input {...control} value={alias} placeholder="prod" onChange={(event) => setAlias(event.target.value)} />
          )}
        </Field>
        {problem && <ProblemNotice problem={problem} />}
        <button type="submit" disabled={alias.trim() === '' || move.isPending}>
          Set alias
        </button>
      </form>
    </Section>
  )
}
