import { Field } from '../../components/field.tsx'
import { useClient } from '../../data/api.ts'
import { modelChoices } from '../../data/queries/models.ts'
import { useResource } from '../../data/use-resource.ts'

interface Props {
  readonly label?: string
  /** What choosing nothing means; without it one must be chosen. */
  readonly empty?: string
  /** The id of a model that is not offered. */
  readonly except?: string
  readonly model: string
  readonly onChoose: (id: string) => void
}

/** Those that are ready and have prototypes, newest first; null until they are known. */
function useModels() {
  const { data, problem } = useResource(modelChoices(useClient()))
  const models = data?.data.filter(({ status, config }) => status === 'ready' && typeof config?.prototypes === 'number')
  return { models: models ?? null, problem }
}

export const useNewestModel = (): string | null => useModels().models?.[0]?.id ?? null

/** Those that can be tried, and the one that the address names. */
export function ModelChoice({ label = 'Model', empty, except, model, onChoose }: Props) {
  const { models, problem } = useModels()
  const ready = (models ?? []).filter(({ id }) => id !== except)
  const isOther = model !== '' && !ready.some(({ id }) => id === model)
  return (
    <Field label={label} error={problem?.message ?? null}>
      {(control) => (
        <select {...control} value={model} onChange={({ target }) => onChoose(target.value)}>
          <option value="" disabled={empty === undefined}>
            {empty !== undefined
              ? empty
              : models === null
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
