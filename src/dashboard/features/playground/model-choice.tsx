import { useQuery } from '@tanstack/react-query'
import { Field } from '../../components/field.tsx'
import { useClient } from '../../data/api.ts'
import { modelChoices } from '../../data/queries/models.ts'
import { nameQuery } from '../../data/queries/names.ts'
import { newestSearchedQuery } from '../../data/queries/vector-sets.ts'
import { useResource } from '../../data/use-resource.ts'
import { modelTitle } from '../../resource-titles.ts'

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

/**
 * What a stranger should begin with: the newest model that has a dataset to find neighbours in, else the newest. Null until
 * both are known.
 */
export function useFirstModel(): FirstModel {
  const { models } = useModels()
  const { data: searched, problem } = useResource(newestSearchedQuery(useClient()))
  if (models === null || (searched === null && problem === null)) return { isKnown: false, id: null }
  const withImages = searched?.find((model) => models.some(({ id }) => id === model))
  return { isKnown: true, id: withImages ?? models[0]?.id ?? null }
}

interface FirstModel {
  readonly isKnown: boolean
  /** Null where there is none. */
  readonly id: string | null
}

/** Those that can be tried, and the one that the address names. */
export function ModelChoice({ label = 'Model', empty, except, model, onChoose }: Props) {
  const { models, problem } = useModels()
  const ready = (models ?? []).filter(({ id }) => id !== except)
  const isOther = model !== '' && !ready.some(({ id }) => id === model)
  const { data: otherName } = useQuery({ ...nameQuery(useClient(), model), enabled: isOther })
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
          {isOther && <option value={model}>{otherName ?? model}</option>}
          {ready.map((one) => (
            <option key={one.id} value={one.id}>
              {modelTitle(one)}
            </option>
          ))}
        </select>
      )}
    </Field>
  )
}
