import { Field } from '../../components/field.tsx'
import { useClient } from '../../data/api.ts'
import { modelChoices } from '../../data/queries/models.ts'
import { useResource } from '../../data/use-resource.ts'

interface Props {
  readonly label?: string
  /** What choosing nothing means; without it one must be chosen. */
  readonly empty?: string
  readonly model: string
  readonly onChoose: (id: string) => void
}

/** Those that are ready and have prototypes, newest first, and the one that the address names. */
export function ModelChoice({ label = 'Model', empty, model, onChoose }: Props) {
  const { data, problem } = useResource(modelChoices(useClient()))
  const ready = (data?.data ?? []).filter(
    ({ status, config }) => status === 'ready' && typeof config?.prototypes === 'number'
  )
  const isOther = model !== '' && !ready.some(({ id }) => id === model)
  return (
    <Field label={label} error={problem?.message ?? null}>
      {(control) => (
        <select {...control} value={model} onChange={({ target }) => onChoose(target.value)}>
          <option value="" disabled={empty === undefined}>
            {empty !== undefined
              ? empty
              : data === null
                ? 'loading…'
                : ready.length === 0
                  ? 'no model with prototypes is ready'
                  : 'choose…'}
          </option>
          {isOther && <option value={model}>{model}</option>}
          {ready.map(({ id, name, version }) => (
            <option key={id} value={id}>
              {name === null ? id : `${name}, version ${version}`}
            </option>
          ))}
        </select>
      )}
    </Field>
  )
}
