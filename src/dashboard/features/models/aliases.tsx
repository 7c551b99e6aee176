import { useMutation, useQueryClient } from '@tanstack/react-query'
import { type FormEvent, useState } from 'react'
import { dataOf } from '../../../client/client.ts'
import { fieldMessage } from '../../../client/problem.ts'
import type { Model, ModelAlias } from '../../../client/resources.ts'
import { Field } from '../../components/field.tsx'
import { List } from '../../components/list.tsx'
import { ProblemNotice } from '../../components/problem-notice.tsx'
import { Section } from '../../components/section.tsx'
import { Ago } from '../../components/time.tsx'
import { useClient } from '../../data/api.ts'
import { problemOf } from '../../data/problem-of.ts'
import { aliasList, refreshModels } from '../../data/queries/models.ts'
import { useList } from '../../data/use-list.ts'
import { href } from '../../router.ts'

const COLUMNS = ['Alias', 'Means', 'Since', '']

interface Move {
  readonly alias: string
  /** As it was read; null for a new one. */
  readonly etag: string | null
}

/** What was moved by somebody else since it was shown is refused, and shown anew. */
function useMove({ id, name }: { readonly id: string; readonly name: string }) {
  const client = useClient()
  const queries = useQueryClient()
  return useMutation({
    mutationFn: ({ alias, etag }: Move) => {
      const header = etag === null ? { 'If-None-Match': '*' } : { 'If-Match': etag }
      const params = { path: { name, alias }, header }
      return dataOf(client.PUT('/v1/models/{name}/aliases/{alias}', { params, body: { model: id } }))
    },
    onSettled: () => void refreshModels(queries)
  })
}

export function Aliases({ model, name }: { readonly model: Model; readonly name: string }) {
  const list = useList(aliasList(useClient(), name))
  const move = useMove({ id: model.id, name })
  const [alias, setAlias] = useState('')
  const problem = problemOf(move)
  const submit = (event: FormEvent) => {
    event.preventDefault()
    const known = list.items?.find((one) => one.alias === alias.trim())
    move.mutate({ alias: alias.trim(), etag: known?.etag ?? null }, { onSuccess: () => setAlias('') })
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
    one.model === model.id ? (
      ''
    ) : (
      <button key="move" type="button" disabled={move.isPending} onClick={() => move.mutate(one)}>
        Move here
      </button>
    )
  ]
  return (
    <Section title="Aliases">
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
