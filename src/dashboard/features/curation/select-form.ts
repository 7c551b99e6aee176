/** Which images of a vector set a version is made of, as it is typed and as the API takes it. */
import type { SelectImages, VectorSet } from '../../../client/resources.ts'
import type { JsonObject } from '../../json.ts'
import { numberOrNothing, withoutEmpty } from '../../typed-values.ts'

/** `indices` are selected on the map. */
export type Strategy = Exclude<SelectImages['strategy'], 'indices'>

type FieldName = 'count' | 'seed' | 'max_similarity'

interface StrategyWords {
  readonly name: Strategy
  readonly text: string
  readonly hint: string
  readonly fields: readonly FieldName[]
  /** It goes by prototypes, which images have to be assigned to. */
  readonly byPrototype: boolean
}

/** In the order of the choice; a test holds the list against the API's. */
export const STRATEGIES: readonly StrategyWords[] = [
  {
    name: 'balanced',
    text: 'balanced by prototype',
    hint: 'the same number of each prototype, at random; of one that has fewer all',
    fields: ['count', 'seed'],
    byPrototype: true
  },
  {
    name: 'diverse',
    text: 'diverse',
    hint: 'a random image, and then each time the one that is furthest from all that were taken',
    fields: ['count', 'seed'],
    byPrototype: false
  },
  {
    name: 'deduplicated',
    text: 'without near-duplicates',
    hint: 'each image that is not too similar to one that was taken before it',
    fields: ['max_similarity'],
    byPrototype: false
  },
  {
    name: 'hard',
    text: 'hard ones',
    hint: 'those least like the images of their prototype',
    fields: ['count'],
    byPrototype: true
  },
  {
    name: 'typical',
    text: 'typical ones',
    hint: 'those most like the images of their prototype',
    fields: ['count'],
    byPrototype: true
  },
  {
    name: 'all',
    text: 'all, for their labels',
    hint: 'every image, with labels of neighbours',
    fields: [],
    byPrototype: false
  }
]

export interface SelectForm {
  readonly strategy: Strategy
  readonly count: string
  readonly seed: string
  readonly max_similarity: string
  readonly isLabelled: boolean
  readonly min_confidence: string
  readonly neighbors: string
  /** Another vector set whose labels are asked; empty for its own. */
  readonly from: string
}

export const strategyOf = (name: string): StrategyWords =>
  STRATEGIES.find((one) => one.name === name) ?? (STRATEGIES[0] as StrategyWords) // there are some

/** Of a set whose images were not assigned some are refused; labels are asked of one that can be searched. */
export const strategiesFor = ({
  prototypes,
  index
}: Pick<VectorSet, 'prototypes' | 'index'>): readonly StrategyWords[] =>
  STRATEGIES.filter(
    ({ name, byPrototype }) => (!byPrototype || prototypes !== null) && (name !== 'all' || index !== null)
  )

export const newSelectForm = (set: Pick<VectorSet, 'prototypes' | 'index'>): SelectForm => ({
  strategy: strategiesFor(set)[0]?.name ?? 'diverse',
  count: '',
  seed: '',
  max_similarity: '',
  isLabelled: false,
  min_confidence: '0.9',
  neighbors: '',
  from: ''
})

/** `all` without labels would be the version that there is. */
export const isLabelled = ({ strategy, isLabelled: chosen }: SelectForm): boolean => strategy === 'all' || chosen

/** Null until what has to be said is. */
export function selectionOf(set: string, form: SelectForm): SelectImages | null {
  const { strategy, min_confidence: least, neighbors, from } = form
  const { fields } = strategyOf(strategy)
  if (fields.includes('count') && form.count.trim() === '') return null
  if (isLabelled(form) && least.trim() === '') return null
  const said = withoutEmpty(Object.fromEntries(fields.map((name) => [name, numberOrNothing(form[name])])))
  const labels: JsonObject = withoutEmpty({
    min_confidence: numberOrNothing(least),
    neighbors: numberOrNothing(neighbors),
    from
  })
  const body = { strategy, vector_set: set, ...said, ...(isLabelled(form) && { labels }) }
  return body as SelectImages // what is wrong with a number says the API
}
