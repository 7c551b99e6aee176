import { type FormEvent, useState } from 'react'
import { RUN_STATUSES } from '../../../client/run-status.ts'
import { Choice } from '../../components/choice.tsx'
import { TextField } from '../../components/text-field.tsx'
import { useClient } from '../../data/api.ts'
import { datasetChoices } from '../../data/queries/datasets.ts'
import { goTo } from '../../data/use-location.ts'
import { useResource } from '../../data/use-resource.ts'
import { formatWords } from '../../format.ts'
import { titlesApart } from '../../resource-titles.ts'
import { href } from '../../router.ts'
import { filterQuery, ORDERS, type RunFilterForm, SHOWN } from './run-filter.ts'

/** What is chosen applies at once, what is typed with Enter. */
export function RunFilterFields({ form: asked }: { readonly form: RunFilterForm }) {
  const [typed, setTyped] = useState({ name: asked.name, note: asked.note })
  const datasets = useResource(datasetChoices(useClient()))
  const show = (patch: Partial<RunFilterForm>) => goTo(href.runs(filterQuery({ ...asked, ...typed, ...patch })))
  const submit = (event: FormEvent) => {
    event.preventDefault()
    show({})
  }
  return (
    <form className="filters" aria-label="Which runs" onSubmit={submit}>
      <TextField
        label="Name"
        error={null}
        placeholder="a part of it"
        value={typed.name}
        onChange={(name) => setTyped((before) => ({ ...before, name }))}
      />
      <Choice
        label="Status"
        value={asked.status}
        options={RUN_STATUSES.map((status) => [status, formatWords(status)] as const)}
        empty="all"
        error={null}
        onChange={(status) => show({ status })}
      />
      <Choice
        label="Dataset"
        value={asked.dataset}
        options={[...titlesApart(datasets.data?.data ?? [])]}
        empty="all"
        error={datasets.problem?.message ?? null}
        onChange={(dataset) => show({ dataset })}
      />
      <TextField
        label="Note"
        error={null}
        placeholder="team=vision"
        value={typed.note}
        onChange={(note) => setTyped((before) => ({ ...before, note }))}
      />
      <Choice
        label="Order"
        value={asked.order || 'newest'}
        options={ORDERS}
        error={null}
        onChange={(order) => show({ order })}
      />
      <Choice
        label="Shown"
        value={asked.archived}
        options={SHOWN}
        error={null}
        onChange={(archived) => show({ archived })}
      />
      <div className="actions">
        <button type="submit">Search</button>
        {Object.keys(filterQuery(asked)).length > 0 && <a href={href.runs()}>All runs</a>}
      </div>
    </form>
  )
}
