import { useId } from 'react'
import type { Evaluation } from '../../../client/resources.ts'
import { judgedOf } from '../../data/queries/exemplars.ts'
import { formatCount } from '../../format.ts'
import { href } from '../../router.ts'
import { useVersionWords } from '../datasets/use-version-words.ts'

interface Props {
  readonly evaluations: readonly Evaluation[]
  readonly chosen: Evaluation
  readonly onChoose: (id: string) => void
}

/** Whose images are shown. */
export function SeenChoice({ evaluations, chosen, onChoose }: Props) {
  const id = useId()
  const wordsOf = useVersionWords()
  return (
    <div className="filter seen-choice">
      <label htmlFor={id}>Images of</label>
      <select id={id} value={chosen.id} onChange={({ target }) => onChoose(target.value)}>
        {evaluations.map((one) => (
          <option key={one.id} value={one.id}>
            {one.name ?? wordsOf(judgedOf(one))}: {formatCount(one.prototypes?.images)} images
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
