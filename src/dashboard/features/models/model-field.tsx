import { useId } from 'react'
import { TextField } from '../../components/text-field.tsx'
import { useClient } from '../../data/api.ts'
import { modelChoices } from '../../data/queries/models.ts'
import { useResource } from '../../data/use-resource.ts'
import { modelTitle } from '../../resource-titles.ts'

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
  const chosen = ready.find(({ id }) => id === value.trim())
  return (
    <>
      <TextField
        label={label}
        hint={chosen === undefined ? 'name@3, name@alias or its id' : modelTitle(chosen)}
        error={error ?? problem?.message ?? null}
        value={value}
        placeholder="shoes@3"
        list={list}
        onChange={onChange}
      />
      <datalist id={list}>
        {ready.map((model) => (
          <option key={model.id} value={model.name === null ? model.id : modelTitle(model)}>
            {model.name === null ? modelTitle(model) : model.id}
          </option>
        ))}
      </datalist>
    </>
  )
}
