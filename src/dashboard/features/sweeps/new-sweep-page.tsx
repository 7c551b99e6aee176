import { useMutation, useQueryClient } from '@tanstack/react-query'
import { type FormEvent, useMemo, useState } from 'react'
import { dataOf, idempotent, newIdempotencyKey } from '../../../client/client.ts'
import type { CreateSweep } from '../../../client/resources.ts'
import { PageFrame } from '../../components/page-frame.tsx'
import { ProblemNotice } from '../../components/problem-notice.tsx'
import { useClient } from '../../data/api.ts'
import { problemOf } from '../../data/problem-of.ts'
import { refreshSweepLists, sweepPlanQuery } from '../../data/queries/sweeps.ts'
import { REPEATABLE } from '../../data/query-client.ts'
import { useChecked } from '../../data/use-checked.ts'
import { goTo } from '../../data/use-location.ts'
import type { JsonObject } from '../../json.ts'
import { href } from '../../router.ts'
import { RunFields } from '../runs/run-fields.tsx'
import { sharedRecipe } from './shared-recipe.ts'
import { SweepFields } from './sweep-fields.tsx'
import { SweepPreview } from './sweep-preview.tsx'
import { EMPTY_SWEEP, namedFields, repeatedField, type SweepForm, sweepBody } from './sweep-request.ts'

interface NewSweep {
  readonly body: JsonObject
  readonly idempotencyKey: string
}

function useCreateSweep() {
  const client = useClient()
  const queries = useQueryClient()
  return useMutation({
    ...REPEATABLE,
    mutationFn: ({ body, idempotencyKey }: NewSweep) => {
      const request = body as unknown as CreateSweep // as it was typed: the API says what is wrong with it
      return dataOf(client.POST('/v1/sweeps', { body: request, ...idempotent(idempotencyKey) }))
    },
    onSuccess: () => void refreshSweepLists(queries)
  })
}

/** The body, or what keeps the form from having one. */
function bodyOf(form: SweepForm): { body: JsonObject | null; othersError: string | null } {
  try {
    return { body: sweepBody(form), othersError: null }
  } catch (error) {
    return { body: null, othersError: error instanceof Error ? error.message : String(error) }
  }
}

/** What keeps it from being asked about, in words. */
function missingOf(form: SweepForm): string | null {
  const fields = namedFields(form)
  const repeated = repeatedField(form)
  if (fields.length === 0) return 'Name a field that differs between the trials.'
  if (repeated !== null) return `${repeated} is varied twice.`
  const hasDataset = form.run.dataset !== '' || fields.some(({ field }) => field.trim() === 'dataset')
  return hasDataset ? null : 'Choose a dataset first.'
}

export function NewSweepPage({ query }: { readonly query: URLSearchParams }) {
  const [form, setForm] = useState(() => startOf(query))
  const { body, othersError } = useMemo(() => bodyOf(form), [form])
  const missing = missingOf(form)
  const checked = useChecked(missing === null && body !== null ? JSON.stringify(body) : null, sweepPlanQuery)
  const { answer: plan, problem, isChecking } = checked
  const create = useCreateSweep()
  const createProblem = problemOf(create)
  const submit = (event: FormEvent) => {
    event.preventDefault()
    if (!body) return
    create.mutate({ body, idempotencyKey: newIdempotencyKey() }, { onSuccess: ({ id }) => goTo(href.sweep(id)) })
  }
  const errors = problem?.details.errors ?? []
  const canStart = missing === null && body !== null && problem === null && !isChecking && !create.isPending
  const change = (patch: Partial<SweepForm>) => setForm((before) => ({ ...before, ...patch }))
  return (
    <PageFrame title="New sweep" parent={{ href: href.sweeps(), name: 'Sweeps' }}>
      <form className="new-run" onSubmit={submit}>
        <div>
          <SweepFields form={form} errors={errors} onChange={change} />
          <RunFields
            form={form.run}
            onChange={(patch) => setForm((before) => ({ ...before, run: { ...before.run, ...patch } }))}
            recipe={plan && sharedRecipe(plan)}
            errors={errors.flatMap(({ path, message }) =>
              path.startsWith('/run/') ? [{ path: path.slice('/run'.length), message }] : []
            )}
            othersError={othersError}
          />
          {createProblem && <ProblemNotice problem={createProblem} />}
          <div className="actions">
            <button type="submit" className="primary" disabled={!canStart}>
              Start sweep
            </button>
            {missing !== null && <span className="muted small">{missing}</span>}
            {problem && <span className="field-error small">{problem.message}</span>}
          </div>
        </div>
        <SweepPreview plan={plan} problem={problem} isChecking={isChecking} body={body} />
      </form>
    </PageFrame>
  )
}

/** `dataset` may have been chosen beforehand. */
function startOf(query: URLSearchParams): SweepForm {
  return { ...EMPTY_SWEEP, run: { ...EMPTY_SWEEP.run, dataset: query.get('dataset') ?? '' } }
}
