import { Field } from '../../components/field.tsx'
import { useClient } from '../../data/api.ts'
import { datasetChoices } from '../../data/queries/datasets.ts'
import { useResource } from '../../data/use-resource.ts'
import { href } from '../../router.ts'

interface Props {
  /** `ds_…@3`, or empty. */
  readonly value: string
  readonly error: string | null
  readonly onChange: (reference: string) => void
}

/** The newest ready version of each dataset; an older one can be named by coming from its page. */
export function DatasetSelect({ value, error, onChange }: Props) {
  const { data, problem } = useResource(datasetChoices(useClient()))
  const choices = (data?.data ?? []).flatMap(({ id, name, latest_version: version }) =>
    version === null ? [] : [{ reference: `${id}@${version}`, text: `${name}, version ${version}` }]
  )
  const isOther = value !== '' && !choices.some(({ reference }) => reference === value)
  const isEmpty = data !== null && choices.length === 0 && !isOther
  return (
    <Field
      label="Dataset"
      error={error ?? problem?.message ?? null}
      hint={
        isEmpty ? (
          <a href={href.newDataset()}>No dataset is ready: upload one</a>
        ) : (
          'its newest version, or the one you came from'
        )
      }
    >
      {(control) => (
        <select {...control} required value={value} onChange={(event) => onChange(event.target.value)}>
          <option value="" disabled>
            {data === null ? 'loading…' : 'choose…'}
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
