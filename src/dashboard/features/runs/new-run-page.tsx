import { useMutation, useQueryClient } from '@tanstack/react-query'
import { type FormEvent, useMemo, useState } from 'react'
import { dataOf, idempotent, newIdempotencyKey } from '../../../client/client.ts'
import type { CreateRun } from '../../../client/resources.ts'
import { Skeleton } from '../../components/list.tsx'
import { PageFrame } from '../../components/page-frame.tsx'
import { ProblemNotice } from '../../components/problem-notice.tsx'
import { useClient } from '../../data/api.ts'
import { problemOf } from '../../data/problem-of.ts'
import { planQuery, runQuery, takeRun } from '../../data/queries/runs.ts'
import { REPEATABLE } from '../../data/query-client.ts'
import { useChecked } from '../../data/use-checked.ts'
import { goTo } from '../../data/use-location.ts'
import { useResource } from '../../data/use-resource.ts'
import type { JsonObject } from '../../json.ts'
import { href } from '../../router.ts'
import { GuidedFields } from './guided-fields.tsx'
import { PlanPreview } from './plan-preview.tsx'
import { formOfRun } from './run-again.ts'
import type { RunFieldsProps } from './run-fields.tsx'
import { EMPTY_FORM, type RunForm, requestBody } from './run-request.ts'

interface Props {
  /** `from` a run to do again; or what was chosen beforehand: `dataset` (`ds_…@3`), `model` or `checkpoint`. */
  readonly query: URLSearchParams
}

interface Initial {
  readonly form: RunForm
  /** It says more than which images: the rest is not left to be chosen, so it is shown. */
  readonly isWritten: boolean
}

function chosenBefore(query: URLSearchParams): Initial {
  const source = (['model', 'checkpoint'] as const).find((one) => query.has(one))
  const init = source ? { ...EMPTY_FORM.init, source, id: query.get(source) ?? '' } : EMPTY_FORM.init
  return { form: { ...EMPTY_FORM, dataset: query.get('dataset') ?? '', init }, isWritten: source !== undefined }
}

/** The form begins with the run as it is now and then belongs to who writes it. */
const READ_ONCE = { refetchInterval: false, staleTime: Number.POSITIVE_INFINITY } as const

export function NewRunPage({ query }: Props) {
  const from = query.get('from')
  const run = useResource({ ...runQuery(useClient(), from ?? ''), ...READ_ONCE, enabled: from !== null })
  const parent = { href: href.runs(), name: 'Runs' }
  const initial = useMemo(() => {
    if (from === null) return chosenBefore(query)
    return run.data && { form: formOfRun(run.data), isWritten: true }
  }, [from, query, run.data])
  return (
    <PageFrame title="New run" parent={parent}>
      {run.problem && <ProblemNotice problem={run.problem} onRetry={run.retry} />}
      {initial === null ? !run.problem && <Skeleton label="recipe" /> : <RunFormView initial={initial} />}
    </PageFrame>
  )
}

/** The body, or what keeps the form from having one. */
function bodyOf(form: RunForm): { body: JsonObject | null; othersError: string | null } {
  try {
    return { body: requestBody(form), othersError: null }
  } catch (error) {
    return { body: null, othersError: error instanceof Error ? error.message : String(error) }
  }
}

interface NewRun {
  readonly body: JsonObject
  readonly idempotencyKey: string
}

function useCreateRun() {
  const client = useClient()
  const queries = useQueryClient()
  return useMutation({
    ...REPEATABLE,
    mutationFn: ({ body, idempotencyKey }: NewRun) => {
      const request = body as unknown as CreateRun // as it was typed: the API says what is wrong with it
      return dataOf(client.POST('/v1/runs', { body: request, ...idempotent(idempotencyKey) }))
    },
    onSuccess: (run) => void takeRun(queries, run)
  })
}

function RunFormView({ initial }: { readonly initial: Initial }) {
  const [form, setForm] = useState(initial.form)
  const { body, othersError } = useMemo(() => bodyOf(form), [form])
  const text = body !== null && form.dataset !== '' ? JSON.stringify(body) : null
  const { answer: plan, problem, isChecking } = useChecked(text, planQuery)
  const create = useCreateRun()
  const createProblem = problemOf(create)
  const submit = (event: FormEvent) => {
    event.preventDefault()
    if (!body) return
    create.mutate({ body, idempotencyKey: newIdempotencyKey() }, { onSuccess: ({ id }) => goTo(href.run(id)) })
  }
  const canStart = body !== null && form.dataset !== '' && problem === null && !isChecking && !create.isPending
  const fields: RunFieldsProps = {
    form,
    onChange: (patch) => setForm((before) => ({ ...before, ...patch })),
    recipe: plan?.resolved_recipe ?? null,
    errors: problem?.details.errors ?? [],
    othersError
  }
  const start = (
    <>
      {createProblem && <ProblemNotice problem={createProblem} />}
      <div className="actions">
        <button type="submit" className="primary" disabled={!canStart}>
          Start run
        </button>
        {form.dataset === '' && <span className="muted small">Choose a dataset first.</span>}
      </div>
    </>
  )
  return (
    <form className="new-run" onSubmit={submit}>
      <div>
        <GuidedFields {...fields} reasons={plan?.recipe_reasons ?? []} isOpen={initial.isWritten} />
      </div>
      <PlanPreview plan={plan} problem={problem} isChecking={isChecking} body={body} start={start} />
    </form>
  )
}
