import { type FormEvent, useId, useState } from 'react'
import type { AuditEntry } from '../../../client/resources.ts'
import { Field } from '../../components/field.tsx'
import { List } from '../../components/list.tsx'
import { PageFrame } from '../../components/page-frame.tsx'
import { Ago } from '../../components/time.tsx'
import { useClient } from '../../data/api.ts'
import { auditList } from '../../data/queries/installation.ts'
import { useList } from '../../data/use-list.ts'
import { goTo } from '../../data/use-location.ts'
import { href } from '../../router.ts'
import { ResourceLink } from '../names/resource-link.tsx'
import { Actor, KeyChoices } from './actor.tsx'

const COLUMNS = ['When', 'Action', 'Subject', 'Who', 'Request']
const FILTERS = [
  { name: 'action', label: 'Action', placeholder: 'deleteRun' },
  { name: 'subject', label: 'Subject', placeholder: 'run_…' },
  { name: 'actor', label: 'Who', placeholder: 'key_… or oidc:…' }
] as const

type Filter = Partial<Record<(typeof FILTERS)[number]['name'], string>>

/** Of the address only what can be asked for. */
const filterOf = (query: URLSearchParams): Filter =>
  Object.fromEntries(
    FILTERS.flatMap(({ name }) => {
      const value = query.get(name)?.trim()
      return value ? [[name, value] as const] : []
    })
  )

export function AuditPage({ query }: { readonly query: URLSearchParams }) {
  const filter = filterOf(query)
  const list = useList(auditList(useClient(), filter))
  const isFiltered = Object.keys(filter).length > 0
  return (
    <PageFrame title="Audit log">
      <FilterForm key={query.toString()} filter={filter} />
      <List
        list={list}
        label="Changes"
        columns={COLUMNS}
        keyOf={({ id }) => id}
        row={entryCells}
        empty={isFiltered ? 'No change is like that.' : 'Nothing was changed yet.'}
      />
    </PageFrame>
  )
}

function FilterForm({ filter }: { readonly filter: Filter }) {
  const [typed, setTyped] = useState(filter)
  const submit = (event: FormEvent) => {
    event.preventDefault()
    const given = Object.entries(typed).filter(([, value]) => value.trim() !== '')
    goTo(href.audit(Object.fromEntries(given.map(([name, value]) => [name, value.trim()]))))
  }
  const keys = useId()
  return (
    <form className="card" aria-label="Which changes" onSubmit={submit}>
      <div className="fields">
        {FILTERS.map(({ name, label, placeholder }) => (
          <Field key={name} label={label}>
            {(control) => (
              <input
                {...control}
                value={typed[name] ?? ''}
                placeholder={placeholder}
                {...(name === 'actor' && { list: keys })}
                onChange={(event) => setTyped((before) => ({ ...before, [name]: event.target.value }))}
              />
            )}
          </Field>
        ))}
      </div>
      <KeyChoices id={keys} />
      <div className="actions">
        <button type="submit">Show</button>
        {Object.keys(filter).length > 0 && <a href={href.audit()}>Show all changes</a>}
      </div>
    </form>
  )
}

const entryCells = ({ created_at: at, action, subject, actor, request_id: request }: AuditEntry) => [
  <Ago key="when" at={at} />,
  action,
  subject.startsWith('key_') ? <Actor key="subject" actor={subject} /> : <ResourceLink key="subject" id={subject} />,
  <Actor key="actor" actor={actor} />,
  <span key="request" className="mono small">
    {request}
  </span>
]
