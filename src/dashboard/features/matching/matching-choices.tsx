import { Choice } from '../../components/choice.tsx'
import { useClient } from '../../data/api.ts'
import type { MatchingWish } from '../../data/queries/matching.ts'
import { searchableQuery } from '../../data/queries/vector-sets.ts'
import { useResource } from '../../data/use-resource.ts'
import { useVersionWords } from '../datasets/use-version-words.ts'
import { ModelChoice } from '../playground/model-choice.tsx'
import { LEASTS } from './matching-words.ts'

interface Props {
  readonly wish: MatchingWish
  readonly onChange: (wish: MatchingWish) => void
}

/** With which model, by which images, and how alike two must be to be a pair. */
export function MatchingChoices({ wish, onChange }: Props) {
  const { data: sets, problem } = useResource(searchableQuery(useClient(), wish.model))
  const wordsOf = useVersionWords()
  const assigned = (sets ?? []).filter(({ prototypes }) => prototypes !== null).map(({ dataset }) => dataset)
  const datasets = [...new Set([...assigned, ...(wish.dataset === '' ? [] : [wish.dataset])])]
  return (
    <div className="fields">
      <ModelChoice
        label="With the prototypes of"
        empty="the version before"
        except={wish.model}
        model={wish.against}
        onChoose={(against) => onChange({ ...wish, against })}
      />
      <Choice
        label="By the images of"
        value={wish.dataset}
        options={datasets.map((dataset) => [dataset, wordsOf(dataset)] as const)}
        empty="the newest that both have assigned"
        error={problem?.message ?? null}
        onChange={(dataset) => onChange({ ...wish, dataset })}
      />
      <Choice
        label="Alike at the least"
        hint="less similar ones are no pair"
        value={String(wish.least)}
        options={LEASTS}
        error={null}
        onChange={(least) => onChange({ ...wish, least: Number(least) })}
      />
    </div>
  )
}
