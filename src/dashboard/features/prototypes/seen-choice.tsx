import { useId } from 'react'
import { judgedOf } from '../../data/queries/exemplars.ts'
import { formatMany } from '../../format.ts'
import { href } from '../../router.ts'
import { useVersionWords } from '../datasets/use-version-words.ts'
import type { SourceChoice } from './use-source-choice.ts'

/** Whose images are shown. Nothing where there is none. */
export function SeenChoice({ choice: { evaluations, sets, chosen, choose } }: { readonly choice: SourceChoice }) {
  const id = useId()
  const wordsOf = useVersionWords()
  if (chosen === null) return null
  return (
    <div className="filter seen-choice">
      <label htmlFor={id}>Images of</label>
      <select
        id={id}
        value={chosen.by === 'set' ? chosen.set.id : chosen.evaluation.id}
        onChange={({ target }) => choose(target.value)}
      >
        {evaluations.length > 0 && (
          <optgroup label="Evaluations">
            {evaluations.map((one) => (
              <option key={one.id} value={one.id}>
                {one.name ?? wordsOf(judgedOf(one))}: {formatMany(one.prototypes?.images, 'image')}
              </option>
            ))}
          </optgroup>
        )}
        {sets.length > 0 && (
          <optgroup label="Vector sets">
            {sets.map((one) => (
              <option key={one.id} value={one.id}>
                {one.name ?? wordsOf(one.dataset)}: {formatMany(one.progress.total_images, 'image')}
              </option>
            ))}
          </optgroup>
        )}
      </select>
    </div>
  )
}

/** In place of images where nothing has seen any. */
export function NothingSeen({ model }: { readonly model: string }) {
  return (
    <div className="empty">
      No evaluation has given images to these prototypes yet.{' '}
      <a href={href.newEvaluation({ model })}>Evaluate the model on a dataset</a>, or{' '}
      <a href={href.newVectorSet({ model })}>embed one</a>; labels are not needed.
    </div>
  )
}
