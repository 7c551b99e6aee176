import { type FormEvent, useState } from 'react'
import { fieldMessage } from '../../../client/problem.ts'
import type { VectorSet } from '../../../client/resources.ts'
import { Choice } from '../../components/choice.tsx'
import { ProblemNotice } from '../../components/problem-notice.tsx'
import { Section } from '../../components/section.tsx'
import { TextField } from '../../components/text-field.tsx'
import { problemOf } from '../../data/problem-of.ts'
import { formatCount } from '../../format.ts'
import { LabelFields } from './label-fields.tsx'
import { newSelectForm, type SelectForm, selectionOf, strategiesFor, strategyOf } from './select-form.ts'
import { useMakeVersion } from './use-make-version.ts'

interface Props {
  readonly set: VectorSet
}

/** A version of the dataset with images that the vector set chooses. */
export function SelectVersion({ set }: Props) {
  const [form, setForm] = useState(() => newSelectForm(set))
  const [dataset = ''] = set.dataset.split('@')
  const make = useMakeVersion(dataset)
  const problem = problemOf(make)
  const errors = problem?.details.errors ?? []
  const body = selectionOf(set.id, form)
  const change = (patch: Partial<SelectForm>) => setForm((before) => ({ ...before, ...patch }))
  const submit = (event: FormEvent) => {
    event.preventDefault()
    if (body !== null) make.mutate(body)
  }
  return (
    <Section
      title="A version of chosen images"
      hint="A new version of the dataset, of images of the one that was embedded. They keep their order, names, bytes and labels."
    >
      <form onSubmit={submit} aria-label="A version of chosen images">
        <div className="fields">
          <Choice
            label="Images"
            hint={strategyOf(form.strategy).hint}
            value={form.strategy}
            options={strategiesFor(set).map(({ name, text }) => [name, text] as const)}
            error={fieldMessage(errors, '/strategy')}
            onChange={(name) => change({ strategy: strategyOf(name).name })}
          />
          {strategyOf(form.strategy).fields.map((name) => (
            <TextField
              key={name}
              {...FIELDS[name]}
              {...(name === 'count' && { hint: `of ${formatCount(set.progress.total_images)}` })}
              value={form[name]}
              error={fieldMessage(errors, `/${name}`)}
              onChange={(value) => change({ [name]: value })}
            />
          ))}
          {set.index !== null && <LabelFields set={set} form={form} errors={errors} onChange={change} />}
        </div>
        {problem && <ProblemNotice problem={problem} />}
        <div className="actions">
          <button type="submit" className="primary" disabled={body === null || make.isPending}>
            Make the version
          </button>
        </div>
      </form>
    </Section>
  )
}

const FIELDS = {
  count: { label: 'How many', inputMode: 'numeric', placeholder: '1000' },
  seed: { label: 'Seed', hint: 'the same takes the same images', inputMode: 'numeric', placeholder: '0' },
  max_similarity: {
    label: 'Too similar from the cosine',
    hint: 'to any that is taken before it',
    inputMode: 'decimal',
    placeholder: '0.95'
  }
} as const
