import { Skeleton } from '../../components/list.tsx'
import { PageFrame } from '../../components/page-frame.tsx'
import { ProblemNotice } from '../../components/problem-notice.tsx'
import { Section } from '../../components/section.tsx'
import { useClient } from '../../data/api.ts'
import { type MatchingWish, matchingQuery } from '../../data/queries/matching.ts'
import { modelQuery } from '../../data/queries/models.ts'
import { goTo } from '../../data/use-location.ts'
import { useResource } from '../../data/use-resource.ts'
import { modelTitle } from '../../resource-titles.ts'
import { href } from '../../router.ts'
import { LoneSections } from './lone-prototypes.tsx'
import { MatchedPairs } from './matched-pairs.tsx'
import { MatchingChoices } from './matching-choices.tsx'
import { MatchingFacts } from './matching-facts.tsx'
import { addressOf, wishOf } from './matching-words.ts'

interface Props {
  readonly id: string
  readonly query: URLSearchParams
}

/** Which prototype of a model is which of another, by images that both have assigned. */
export function MatchingPage({ id, query }: Props) {
  const { data: model } = useResource(modelQuery(useClient(), id))
  const wish = wishOf(id, query)
  const name = model === null ? 'Model' : modelTitle(model)
  return (
    <PageFrame title="Which prototype is which" parent={{ href: href.model(id), name }}>
      <Section
        title="Compared"
        hint="Numbers of prototypes mean nothing between two runs. Images that both models have assigned say which belong together."
      >
        <MatchingChoices wish={wish} onChange={(next) => goTo(href.matching(id, addressOf(next)))} />
      </Section>
      <Answer wish={wish} />
    </PageFrame>
  )
}

function Answer({ wish }: { readonly wish: MatchingWish }) {
  const { data: matching, problem, retry } = useResource(matchingQuery(useClient(), wish))
  if (problem?.code === 'vector_set_not_found') return <NoSets wish={wish} />
  if (problem?.code === 'matching_unavailable' && wish.against === '')
    return <div className="empty">There is no version before this one: choose a model to compare it with.</div>
  if (problem) return <ProblemNotice problem={problem} onRetry={retry} />
  if (matching === null) return <Skeleton label="matching" />
  return (
    <>
      <MatchingFacts matching={matching} />
      <MatchedPairs matching={matching} />
      <LoneSections matching={matching} />
    </>
  )
}

function NoSets({ wish: { model, against, dataset } }: { readonly wish: MatchingWish }) {
  const named = dataset === '' ? {} : { dataset }
  return (
    <div className="empty">
      <p>
        They are compared by images that both have assigned to their prototypes, and there are none yet: embed one
        dataset by both models.
      </p>
      <p>
        <a href={href.newVectorSet({ model, ...named })}>Embed a dataset by this model</a>
        {against !== '' && (
          <>
            {' '}
            or <a href={href.newVectorSet({ model: against, ...named })}>by the other</a>
          </>
        )}
      </p>
    </div>
  )
}
