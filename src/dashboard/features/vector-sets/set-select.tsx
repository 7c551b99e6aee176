import type { VectorSet } from '../../../client/resources.ts'
import { Choice } from '../../components/choice.tsx'
import { formatMany } from '../../format.ts'
import { useVersionWords } from '../datasets/use-version-words.ts'

interface Props {
  readonly sets: readonly VectorSet[]
  readonly chosen: VectorSet
  readonly onChoose: (id: string) => void
}

/** Nothing where there is no choice. */
export function SetSelect({ sets, chosen, onChoose }: Props) {
  const wordsOf = useVersionWords()
  if (sets.length < 2) return null
  return (
    <Choice
      label="Of the vector set"
      value={chosen.id}
      options={sets.map(
        ({ id, name, dataset, progress }) =>
          [id, `${name ?? wordsOf(dataset)}: ${formatMany(progress.total_images, 'image')}`] as const
      )}
      error={null}
      onChange={onChoose}
    />
  )
}
