import { useMutation, useQueryClient } from '@tanstack/react-query'
import { type FormEvent, useState } from 'react'
import { dataOf, idempotent, newIdempotencyKey } from '../../../client/client.ts'
import type { CreateVectorSet } from '../../../client/resources.ts'
import { PageFrame } from '../../components/page-frame.tsx'
import { ProblemNotice } from '../../components/problem-notice.tsx'
import { Section } from '../../components/section.tsx'
import { TextField } from '../../components/text-field.tsx'
import { useClient } from '../../data/api.ts'
import { problemOf } from '../../data/problem-of.ts'
import { takeVectorSet } from '../../data/queries/vector-sets.ts'
import { REPEATABLE } from '../../data/query-client.ts'
import { goTo } from '../../data/use-location.ts'
import { href } from '../../router.ts'
import { DatasetSelect } from '../datasets/dataset-select.tsx'
import { ModelField } from '../models/model-field.tsx'

interface Form {
  readonly name: string
  readonly model: string
  readonly dataset: string
  readonly isSearched: boolean
}

interface NewSet {
  readonly body: CreateVectorSet
  readonly idempotencyKey: string
}

function useCreate() {
  const client = useClient()
  const queries = useQueryClient()
  return useMutation({
    ...REPEATABLE,
    mutationFn: ({ body, idempotencyKey }: NewSet) =>
      dataOf(client.POST('/v1/vector-sets', { body, ...idempotent(idempotencyKey) })),
    onSuccess: (set) => void takeVectorSet(queries, set)
  })
}

/** @param query what was chosen beforehand: `model`, `dataset` */
export function NewVectorSetPage({ query }: { readonly query: URLSearchParams }) {
  const [form, setForm] = useState<Form>(() => ({
    name: '',
    model: query.get('model') ?? '',
    dataset: query.get('dataset') ?? '',
    isSearched: true
  }))
  const create = useCreate()
  const problem = problemOf(create)
  const errorAt = (path: string) => problem?.details.errors.find((error) => error.path === path)?.message ?? null
  const change = (patch: Partial<Form>) => setForm((before) => ({ ...before, ...patch }))
  const [name, model] = [form.name.trim(), form.model.trim()]
  const submit = (event: FormEvent) => {
    event.preventDefault()
    const body = { ...(name !== '' && { name }), model, dataset: form.dataset, search: form.isSearched }
    create.mutate({ body, idempotencyKey: newIdempotencyKey() }, { onSuccess: ({ id }) => goTo(href.vectorSet(id)) })
  }
  const isReady = model !== '' && form.dataset !== ''
  return (
    <PageFrame title="New vector set" parent={{ href: href.vectorSets(), name: 'Vector sets' }}>
      <form onSubmit={submit}>
        <Section
          title="What is embedded"
          hint="Every image of the dataset goes through the model once. The vectors are files, a search, and a map."
        >
          <div className="fields">
            <ModelField
              label="Model"
              error={errorAt('/model')}
              value={form.model}
              onChange={(value) => change({ model: value })}
            />
            <DatasetSelect
              error={errorAt('/dataset')}
              value={form.dataset}
              onChange={(dataset) => change({ dataset })}
            />
            <TextField
              label="Name"
              hint="optional"
              error={errorAt('/name')}
              value={form.name}
              onChange={(value) => change({ name: value })}
            />
            <label className="check">
              <input
                type="checkbox"
                checked={form.isSearched}
                onChange={({ target }) => change({ isSearched: target.checked })}
              />{' '}
              Can be searched
            </label>
          </div>
        </Section>
        {problem && <ProblemNotice problem={problem} />}
        <div className="actions">
          <button type="submit" className="primary" disabled={!isReady || create.isPending}>
            Embed the dataset
          </button>
          {!isReady && <span className="muted small">Choose a model and a dataset first.</span>}
        </div>
      </form>
    </PageFrame>
  )
}
