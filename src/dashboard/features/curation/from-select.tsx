import type { VectorSet } from '../../../client/resources.ts'
import { Choice } from '../../components/choice.tsx'
import { useClient } from '../../data/api.ts'
import { searchableQuery } from '../../data/queries/vector-sets.ts'
import { useResource } from '../../data/use-resource.ts'
import { useVersionWords } from '../datasets/use-version-words.ts'

interface Props {
  readonly set: VectorSet
  readonly value: string
  readonly error: string | null
  readonly onChange: (id: string) => void
}

/** Whose labels are asked: those of the set, or of another of the same model. */
export function FromSelect({ set, value, error, onChange }: Props) {
  const { data, problem } = useResource(searchableQuery(useClient(), set.model))
  const wordsOf = useVersionWords()
  const others = (data ?? []).filter(({ id }) => id !== set.id)
  return (
    <Choice
      label="Labels of"
      value={value}
      options={others.map(({ id, name, dataset }) => [id, name ?? wordsOf(dataset)] as const)}
      empty="this vector set"
      error={error ?? problem?.message ?? null}
      onChange={onChange}
    />
  )
}
