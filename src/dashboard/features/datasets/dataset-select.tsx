import { Field } from '../../components/field.tsx'
import { useClient } from '../../data/api.ts'
import { datasetChoices } from '../../data/queries/datasets.ts'
import { useResource } from '../../data/use-resource.ts'
import { titlesApart } from '../../resource-titles.ts'
import { href } from '../../router.ts'

interface Props {
  readonly label?: string
  readonly hint?: string
  /** What choosing nothing means; without it one must be chosen. */
  readonly empty?: string
  /** `ds_…@3`, or empty. */
  readonly value: string
  readonly error: string | null
  readonly onChange: (reference: string) => void
}

/** The newest ready version of each dataset; an older one can be named by coming from its page. */
export function DatasetSelect({ label = 'Dataset', hint, empty, value, error, onChange }: Props) {
  const { data, problem } = useResource(datasetChoices(useClient()))
  const titles = titlesApart(data?.data ?? [])
  const choices = (data?.data ?? []).flatMap(({ id, latest_version: version }) =>
    version === null ? [] : [{ reference: `${id}@${version}`, text: `${titles.get(id)}, version ${version}` }]
  )
  const isOther = value !== '' && !choices.some(({ reference }) => reference === value)
  const isEmpty = data !== null && choices.length === 0 && !isOther
  return (
    <Field
      label={label}
      error={error ?? problem?.message ?? null}
      hint={
        isEmpty ? (
          <a href={href.newDataset()}>No dataset is ready: upload one</a>
        ) : (
          (hint ?? 'its newest version, or the one you came from')
        )
      }
    >
      {(control) => (
        <select
          {...control}
          required={empty === undefined}
          value={value}
          onChange={(event) => onChange(event.target.value)}
        >
          <option value="" disabled={empty === undefined}>
            {empty ?? (data === null ? 'loading…' : 'choose…')}
          </option>
          {isOther && <option value={value}>{value}</option>}
          {choices.map(({ reference, text }) => (
            <option key={reference} value={reference}>
              {text}
            </option>
          ))}
        </select>
      )}
    </Field>
  )
}
