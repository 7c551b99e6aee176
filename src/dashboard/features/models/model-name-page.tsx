import { type FormEvent, useState } from 'react'
import { fieldMessage } from '../../../client/problem.ts'
import type { Model, ModelAlias } from '../../../client/resources.ts'
import { Choice } from '../../components/choice.tsx'
import { List } from '../../components/list.tsx'
import { PageFrame } from '../../components/page-frame.tsx'
import { ProblemNotice } from '../../components/problem-notice.tsx'
import { Section } from '../../components/section.tsx'
import { TextField } from '../../components/text-field.tsx'
import { Ago } from '../../components/time.tsx'
import { useClient } from '../../data/api.ts'
import { problemOf } from '../../data/problem-of.ts'
import { aliasList, modelList } from '../../data/queries/models.ts'
import { useList } from '../../data/use-list.ts'
import { href } from '../../router.ts'
import { RemoveAlias, useMoveAlias } from './alias-verbs.tsx'
import { MODEL_COLUMNS, modelCells } from './model-cells.tsx'

const ALIAS_COLUMNS = ['Alias', 'Means', 'Since', 'Move to', '']

/** What a name means: its versions, newest first, and which of them its aliases are. */
export function ModelNamePage({ name }: { readonly name: string }) {
  const versions = useList(modelList(useClient(), { versions_of: name }))
  return (
    <PageFrame title={name} parent={{ href: href.models(), name: 'Models' }}>
      <AliasSection name={name} versions={(versions.items ?? []).filter(({ status }) => status === 'ready')} />
      <Section title="Versions">
        <List
          list={versions}
          label={`Versions of ${name}`}
          columns={MODEL_COLUMNS}
          keyOf={({ id }) => id}
          row={modelCells}
          empty="No model has this name."
        />
      </Section>
    </PageFrame>
  )
}

interface AliasProps {
  readonly name: string
  /** Those that can be meant, of the page of versions that is looked at. */
  readonly versions: readonly Model[]
}

function AliasSection({ name, versions }: AliasProps) {
  const list = useList(aliasList(useClient(), name))
  const move = useMoveAlias(name)
  const problem = problemOf(move)
  const row = (one: ModelAlias) => [
    <code key="alias">
      {name}@{one.alias}
    </code>,
    <a key="model" href={href.model(one.model)} title={one.model}>
      version {one.version}
    </a>,
    <Ago key="since" at={one.updated_at} />,
    <select
      key="move"
      aria-label={`Move ${one.alias} to`}
      value=""
      disabled={move.isPending}
      onChange={({ target }) => move.mutate({ alias: one.alias, model: target.value, etag: one.etag })}
    >
      <option value="">…</option>
      {versions
        .filter(({ id }) => id !== one.model)
        .map(({ id, version }) => (
          <option key={id} value={id}>
            version {version}
          </option>
        ))}
    </select>,
    <RemoveAlias key="remove" known={one} />
  ]
  return (
    <Section
      title="Aliases"
      hint="A request that names an alias is answered by the version that it means when the request begins."
    >
      <List
        list={list}
        label={`Aliases of ${name}`}
        columns={ALIAS_COLUMNS}
        keyOf={({ alias }) => alias}
        row={row}
        empty="No alias: requests name a version."
      />
      {problem && <ProblemNotice problem={problem} />}
      <NewAlias
        versions={versions}
        error={fieldMessage(problem?.details.errors ?? [], 'alias')}
        isPending={move.isPending}
        onSet={(alias, model, done) => {
          const known = list.items?.find((one) => one.alias === alias)
          move.mutate({ alias, model, etag: known?.etag ?? null }, { onSuccess: done })
        }}
      />
    </Section>
  )
}

interface NewAliasProps {
  readonly versions: readonly Model[]
  readonly error: string | null
  readonly isPending: boolean
  readonly onSet: (alias: string, model: string, done: () => void) => void
}

function NewAlias({ versions, error, isPending, onSet }: NewAliasProps) {
  const [alias, setAlias] = useState('')
  const [chosen, setChosen] = useState('')
  const [newest] = versions
  const model = chosen || newest?.id || ''
  const submit = (event: FormEvent) => {
    event.preventDefault()
    onSet(alias.trim(), model, () => setAlias(''))
  }
  if (newest === undefined) return null
  return (
    <form onSubmit={submit}>
      <div className="fields">
        <TextField
          label="Alias"
          hint="a letter, then letters, digits, points and hyphens"
          placeholder="prod"
          error={error}
          value={alias}
          onChange={setAlias}
        />
        <Choice
          label="Means"
          value={model}
          options={versions.map(({ id, version }) => [id, `version ${version}`] as const)}
          error={null}
          onChange={setChosen}
        />
      </div>
      <button type="submit" disabled={alias.trim() === '' || isPending}>
        Set alias
      </button>
    </form>
  )
}
