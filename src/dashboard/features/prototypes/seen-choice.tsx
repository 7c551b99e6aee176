import { useId } from 'react'
import type { Evaluation } from '../../../client/resources.ts'
import { useClient } from '../../data/api.ts'
import { datasetChoices } from '../../data/queries/datasets.ts'
import { judgedOf } from '../../data/queries/exemplars.ts'
import { useResource } from '../../data/use-resource.ts'
import { formatCount } from '../../format.ts'
import { href } from '../../router.ts'

interface Props {
  readonly evaluations: readonly Evaluation[]
  readonly chosen: Evaluation
  readonly onChoose: (id: string) => void
}

/** Whose images are shown. */
export function SeenChoice({ evaluations, chosen, onChoose }: Props) {
  const id = useId()
  const { data } = useResource(datasetChoices(useClient()))
  const nameOf = (reference: string): string => {
    const [dataset, version] = reference.split('@')
    const known = data?.data.find((one) => one.id === dataset)
    return known === undefined ? reference : `${known.name}, version ${version}`
  }
  return (
    <div className="filter seen-choice">
      <label htmlFor={id}>Images of</label>
      <select id={id} value={chosen.id} onChange={({ target }) => onChoose(target.value)}>
        {evaluations.map((one) => (
          <option key={one.id} value={one.id}>
            {one.name ?? nameOf(judgedOf(one))}: {formatCount(one.prototypes?.images)} images
          </option>
        ))}
      </select>
    </div>
  )
}

/** In place of images where no evaluation has seen any. */
export function NothingSeen({ model }: { readonly model: string }) {
  return (
    <div className="empty">
      No evaluation has given images to these prototypes yet.{' '}
      <a href={href.newEvaluation({ model })}>Evaluate the model on a dataset</a>; labels are not needed.
    </div>
  )
}
