import { useMutation } from '@tanstack/react-query'
import { useState } from 'react'
import { fieldMessage } from '../../../client/problem.ts'
import { Field } from '../../components/field.tsx'
import { FormButton } from '../../components/form-button.tsx'
import { problemOf } from '../../data/problem-of.ts'
import {
  type Described,
  type DescriptionForm,
  type DescriptionPatch,
  descriptionForm,
  descriptionPatch,
  repeatedName
} from './description-patch.ts'
import { MetadataRows } from './metadata-rows.tsx'

interface Props {
  readonly described: Described
  /** Sends the change, and lets pages know what came of it. */
  readonly save: (patch: DescriptionPatch) => Promise<void>
}

/** Another name, and notes of the user's own. */
export function EditButton({ described, save }: Props) {
  const [form, setForm] = useState(() => descriptionForm(described))
  const change = useMutation({ mutationFn: save })
  const problem = problemOf(change)
  const patch = descriptionPatch(described, form)
  const repeated = repeatedName(form)
  const open = () => {
    change.reset()
    setForm(descriptionForm(described))
  }
  const edit = (part: Partial<DescriptionForm>) => setForm((before) => ({ ...before, ...part }))
  const errors = problem?.details.errors ?? []
  return (
    <FormButton
      label="Edit"
      title={described.metadata ? 'Name and notes' : 'Name'}
      confirm="Save"
      canSubmit={patch !== null && repeated === null && !change.isPending}
      problem={problem}
      onOpen={open}
      onSubmit={(close) => patch && change.mutate(patch, { onSuccess: close })}
    >
      <Field label="Name" error={fieldMessage(errors, '/name')}>
        {(control) => <input {...control} value={form.name} onChange={(event) => edit({ name: event.target.value })} />}
      </Field>
      {described.metadata && (
        <MetadataRows
          rows={form.rows}
          error={repeated === null ? fieldMessage(errors, '/metadata') : `${repeated} is there twice`}
          onChange={(rows) => edit({ rows })}
        />
      )}
    </FormButton>
  )
}
