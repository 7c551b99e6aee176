import { useId } from 'react'
import { TextField } from '../../components/text-field.tsx'
import { useClient } from '../../data/api.ts'
import { modelChoices } from '../../data/queries/models.ts'
import { useResource } from '../../data/use-resource.ts'

interface Props {
  readonly label: string
  readonly value: string
  readonly error: string | null
  readonly onChange: (value: string) => void
}

/** Any name that the API takes; the newest ready models are offered, by their names where they have one. */
export function ModelField({ label, value, error, onChange }: Props) {
  const list = useId()
  const { data, problem } = useResource(modelChoices(useClient()))
  const ready = (data?.data ?? []).filter(({ status }) => status === 'ready')
  return (
    <>
      <TextField
        label={label}
        hint="name@3, name@alias or its id"
        error={error ?? problem?.message ?? null}
        value={value}
        placeholder="shoes@3"
        list={list}
        onChange={onChange}
      />
      <datalist id={list}>
        {ready.map(({ id, name, version }) => (
          <option key={id} value={name === null ? id : `${name}@${version}`}>
            {id}
          </option>
        ))}
      </datalist>
    </>
  )
}
