import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { dataOf, idempotent, newIdempotencyKey } from '../../../client/client.ts'
import { type FieldProblem, fieldMessage } from '../../../client/problem.ts'
import type { Checkpoint, ForkRun, Run } from '../../../client/resources.ts'
import { Field } from '../../components/field.tsx'
import { FormButton } from '../../components/form-button.tsx'
import { useClient } from '../../data/api.ts'
import { problemOf } from '../../data/problem-of.ts'
import { checkpointList, takeRun } from '../../data/queries/runs.ts'
import { REPEATABLE } from '../../data/query-client.ts'
import { useList } from '../../data/use-list.ts'
import { goTo } from '../../data/use-location.ts'
import { href } from '../../router.ts'
import { EMPTY_FORK, type ForkForm, forkRequest } from './fork-request.ts'

interface Forking {
  readonly body: ForkRun
  readonly idempotencyKey: string
}

function useFork(id: string) {
  const client = useClient()
  const queries = useQueryClient()
  return useMutation({
    ...REPEATABLE,
    mutationFn: ({ body, idempotencyKey }: Forking) =>
      dataOf(
        client.POST('/v1/runs/{id}:fork', {
          params: { path: { id } },
          body,
          ...idempotent(idempotencyKey)
        })
      ),
    onSuccess: (run) => void takeRun(queries, run)
  })
}

/** The body, or why the form has none. */
function bodyOf(form: ForkForm): { readonly body: ForkRun | null; readonly othersError: string | null } {
  try {
    return { body: forkRequest(form), othersError: null }
  } catch (error) {
    return { body: null, othersError: error instanceof Error ? error.message : String(error) }
  }
}

interface Props {
  readonly run: Run
  /** To go on from; without it the newest is offered. */
  readonly from?: Checkpoint
}

export function ForkButton({ run, from }: Props) {
  const [form, setForm] = useState(EMPTY_FORK)
  const fork = useFork(run.id)
  const problem = problemOf(fork)
  const { body, othersError } = bodyOf(form)
  const submit = (close: () => void) => {
    if (body === null) return
    const onSuccess = ({ id }: Run) => {
      close()
      goTo(href.run(id))
    }
    fork.mutate({ body, idempotencyKey: newIdempotencyKey() }, { onSuccess })
  }
  const open = () => {
    fork.reset()
    setForm({ ...EMPTY_FORK, name: run.name === null ? '' : `${run.name}, forked`, checkpoint: from?.id ?? '' })
  }
  return (
    <FormButton
      label="Fork"
      {...(from && { accessibleName: `Fork from step ${from.step}` })}
      title="Fork this run"
      confirm="Start the fork"
      canSubmit={body !== null && !fork.isPending}
      problem={problem}
      onOpen={open}
      onSubmit={submit}
    >
      <p>Another run goes on from the whole training state of a checkpoint. What is left empty is as in this run.</p>
      <ForkFields
        run={run}
        from={from}
        form={form}
        onChange={(patch) => setForm((before) => ({ ...before, ...patch }))}
        errors={problem?.details.errors ?? []}
        othersError={othersError}
      />
    </FormButton>
  )
}

interface FieldsProps {
  readonly run: Run
  readonly from: Checkpoint | undefined
  readonly form: ForkForm
  readonly onChange: (patch: Partial<ForkForm>) => void
  readonly errors: readonly FieldProblem[]
  readonly othersError: string | null
}

function ForkFields({ run, from, form, onChange, errors, othersError }: FieldsProps) {
  const { epochs, learning_rate: rate } = run.resolved_recipe.hyperparameters as Readonly<Record<string, unknown>>
  const input = (name: keyof ForkForm, placeholder: unknown) => (control: object) => (
    <input
      {...control}
      value={form[name]}
      placeholder={placeholder === null ? '' : String(placeholder)}
      onChange={(event) => onChange({ [name]: event.target.value })}
    />
  )
  return (
    <div className="fields">
      <Field label="Name" error={fieldMessage(errors, '/name')}>
        {input('name', null)}
      </Field>
      <Field label="Checkpoint" error={fieldMessage(errors, '/checkpoint')}>
        {(control) => <CheckpointSelect {...{ control, run, from, form, onChange }} />}
      </Field>
      <Field label="Epochs in all" error={fieldMessage(errors, '/overrides/hyperparameters/epochs')}>
        {input('epochs', epochs)}
      </Field>
      <Field label="Learning rate" error={fieldMessage(errors, '/overrides/hyperparameters/learning_rate')}>
        {input('learningRate', rate)}
      </Field>
      <Field label="Other hyperparameters" hint="JSON, optional" error={othersError}>
        {input('others', '{"weight_decay": [0.04, 0.2]}')}
      </Field>
    </div>
  )
}

type SelectProps = Pick<FieldsProps, 'run' | 'from' | 'form' | 'onChange'> & { readonly control: object }

/** Those of the page of the list that is looked at, and the one that was pointed to. */
function CheckpointSelect({ control, run, from, form, onChange }: SelectProps) {
  const { items } = useList(checkpointList(useClient(), run.id))
  const complete = (items ?? []).filter(({ status }) => status === 'complete')
  const isMissing = from !== undefined && !complete.some(({ id }) => id === from.id)
  return (
    <select {...control} value={form.checkpoint} onChange={(event) => onChange({ checkpoint: event.target.value })}>
      <option value="">the newest</option>
      {(isMissing ? [from, ...complete] : complete).map(({ id, step, epoch }) => (
        <option key={id} value={id}>
          step {step}, epoch {epoch}
        </option>
      ))}
    </select>
  )
}
