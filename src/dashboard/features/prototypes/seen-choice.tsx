import { useId } from 'react'
import type { Evaluation } from '../../../client/resources.ts'
import { judgedOf } from '../../data/queries/exemplars.ts'
import { formatCount } from '../../format.ts'
import { href } from '../../router.ts'

interface Props {
  readonly evaluations: readonly Evaluation[]
  readonly chosen: Evaluation
  readonly onChoose: (id: string) => void
}

const textOf = (evaluation: Evaluation): string =>
  `${evaluation.name ?? judgedOf(evaluation)}: ${formatCount(evaluation.prototypes?.images)} images`

/** Whose images are shown. */
export function SeenChoice({ evaluations, chosen, onChoose }: Props) {
  const id = useId()
  return (
    <div className="filter">
      <label htmlFor={id}>Images of</label>
      <select id={id} value={chosen.id} onChange={({ target }) => onChoose(target.value)}>
        {evaluations.map((one) => (
          <option key={one.id} value={one.id}>
            {textOf(one)}
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
