import { type FormEvent, useMemo, useState } from 'react'
import { newIdempotencyKey } from '../../api/client.ts'
import type { JsonObject } from '../../api/wire.ts'
import type { Run } from '../../api/wire-runs.ts'
import { Skeleton } from '../../components/list.tsx'
import { PageFrame } from '../../components/page-frame.tsx'
import { ProblemNotice } from '../../components/problem-notice.tsx'
import { useClient } from '../../data/api.ts'
import { useAction } from '../../data/use-action.ts'
import { goTo } from '../../data/use-location.ts'
import { useResource } from '../../data/use-resource.ts'
import { href } from '../../router.ts'
import { PlanPreview } from './plan-preview.tsx'
import { RunFields } from './run-fields.tsx'
import { EMPTY_FORM, formOfRun, type RunForm, requestBody } from './run-request.ts'
import { usePlan } from './use-plan.ts'

interface Props {
  /** Chosen beforehand, `ds_…@3`. */
  readonly dataset: string | null
  /** A run to do again. */
  readonly from: string | null
}

export function NewRunPage({ dataset, from }: Props) {
  const model = useResource<Run>(from === null ? null : `/v1/runs/${encodeURIComponent(from)}`)
  const parent = { href: href.runs(), name: 'Runs' }
  const initial = useMemo(() => {
    if (from === null) return { ...EMPTY_FORM, dataset: dataset ?? '' }
    return model.data && formOfRun(model.data)
  }, [from, dataset, model.data])
  return (
    <PageFrame title="New run" parent={parent}>
      {model.problem && <ProblemNotice problem={model.problem} onRetry={model.refresh} />}
      {initial === null ? !model.problem && <Skeleton label="recipe" /> : <RunFormView initial={initial} />}
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

function RunFormView({ initial }: { readonly initial: RunForm }) {
  const client = useClient()
  const [form, setForm] = useState(initial)
  const { body, othersError } = useMemo(() => bodyOf(form), [form])
  const { plan, problem, isChecking } = usePlan(body !== null && form.dataset !== '' ? JSON.stringify(body) : null)
  const create = useAction<[JsonObject]>(async (signal, request) => {
    const options = { body: request, idempotencyKey: newIdempotencyKey(), signal }
    const run = await client.send<Run>('POST', '/v1/runs', options)
    goTo(href.run(run.id))
  })
  const submit = (event: FormEvent) => {
    event.preventDefault()
    if (body) void create.run(body)
  }
  const canStart = body !== null && form.dataset !== '' && problem === null && !isChecking && !create.isRunning
  return (
    <form className="new-run" onSubmit={submit}>
      <div>
        <RunFields
          form={form}
          onChange={(patch) => setForm((before) => ({ ...before, ...patch }))}
          recipe={plan?.resolved_recipe ?? null}
          errors={problem?.details.errors ?? []}
          othersError={othersError}
        />
        {create.problem && <ProblemNotice problem={create.problem} />}
        <div className="actions">
          <button type="submit" className="primary" disabled={!canStart}>
            Start run
          </button>
          {form.dataset === '' && <span className="muted small">Choose a dataset first.</span>}
          {problem && <span className="field-error small">{problem.message}</span>}
        </div>
      </div>
      <PlanPreview plan={plan} problem={problem} isChecking={isChecking} body={body} />
    </form>
  )
}
