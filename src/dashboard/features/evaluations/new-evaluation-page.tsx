import { useMutation, useQueryClient } from '@tanstack/react-query'
import { type FormEvent, useState } from 'react'
import { dataOf, idempotent, newIdempotencyKey } from '../../../client/client.ts'
import type { CreateEvaluation } from '../../../client/resources.ts'
import { PageFrame } from '../../components/page-frame.tsx'
import { ProblemNotice } from '../../components/problem-notice.tsx'
import { Section } from '../../components/section.tsx'
import { useClient } from '../../data/api.ts'
import { problemOf } from '../../data/problem-of.ts'
import { takeEvaluation } from '../../data/queries/evaluations.ts'
import { REPEATABLE } from '../../data/query-client.ts'
import { goTo } from '../../data/use-location.ts'
import type { JsonObject } from '../../json.ts'
import { href } from '../../router.ts'
import { EvaluationFields } from './evaluation-fields.tsx'
import { EMPTY_EVALUATION, type EvaluationForm, evaluationBody, PROTOCOLS } from './evaluation-request.ts'
import { PlanFields } from './plan-fields.tsx'

interface NewEvaluation {
  readonly body: JsonObject
  readonly idempotencyKey: string
}

function useCreateEvaluation() {
  const client = useClient()
  const queries = useQueryClient()
  return useMutation({
    ...REPEATABLE,
    mutationFn: ({ body, idempotencyKey }: NewEvaluation) => {
      const request = body as unknown as CreateEvaluation // as it was typed: the API says what is wrong with it
      return dataOf(client.POST('/v1/evaluations', { body: request, ...idempotent(idempotencyKey) }))
    },
    onSuccess: (evaluation) => void takeEvaluation(queries, evaluation)
  })
}

/** What was chosen beforehand: `model` or `checkpoint`. */
function chosenBefore(query: URLSearchParams): EvaluationForm {
  const checkpoint = query.get('checkpoint')
  if (checkpoint !== null) return { ...EMPTY_EVALUATION, source: 'checkpoint', id: checkpoint }
  return { ...EMPTY_EVALUATION, id: query.get('model') ?? '' }
}

export function NewEvaluationPage({ query }: { readonly query: URLSearchParams }) {
  const [form, setForm] = useState(() => chosenBefore(query))
  const create = useCreateEvaluation()
  const problem = problemOf(create)
  const errors = problem?.details.errors ?? []
  const change = (patch: Partial<EvaluationForm>) => setForm((before) => ({ ...before, ...patch }))
  const submit = (event: FormEvent) => {
    event.preventDefault()
    const body = evaluationBody(form)
    create.mutate({ body, idempotencyKey: newIdempotencyKey() }, { onSuccess: ({ id }) => goTo(href.evaluation(id)) })
  }
  const isReady = form.id.trim() !== '' && form.dataset !== ''
  return (
    <PageFrame title="New evaluation" parent={{ href: href.evaluations(), name: 'Evaluations' }}>
      <form onSubmit={submit}>
        <Section title="What is measured">
          <EvaluationFields form={form} errors={errors} onChange={change} />
        </Section>
        <Section title="How it is measured">
          <PlanFields plan={form} protocols={PROTOCOLS} errors={errors} at="" onChange={change} />
        </Section>
        {problem && <ProblemNotice problem={problem} />}
        <div className="actions">
          <button type="submit" className="primary" disabled={!isReady || create.isPending}>
            Start evaluation
          </button>
          {!isReady && <span className="muted small">Name a model or a checkpoint, and choose images.</span>}
        </div>
      </form>
    </PageFrame>
  )
}
