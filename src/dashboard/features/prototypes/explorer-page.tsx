import { type ReactNode, useState } from 'react'
import type { Evaluation, Model } from '../../../client/resources.ts'
import { Facts } from '../../components/facts.tsx'
import { Pager, Skeleton } from '../../components/list.tsx'
import { PageFrame } from '../../components/page-frame.tsx'
import { ProblemNotice } from '../../components/problem-notice.tsx'
import { useClient } from '../../data/api.ts'
import { modelQuery, type PrototypeSort, prototypeList } from '../../data/queries/models.ts'
import { useList } from '../../data/use-list.ts'
import { useResource } from '../../data/use-resource.ts'
import { formatCount, formatPercent } from '../../format.ts'
import { modelTitle } from '../../resource-titles.ts'
import { href } from '../../router.ts'
import { SortSelect } from '../models/prototypes.tsx'
import { PrototypeCard } from './prototype-card.tsx'
import { NothingSeen, SeenChoice } from './seen-choice.tsx'
import { SetInWords } from './set-in-words.tsx'
import { useSetChoice } from './use-set-choice.ts'
import { type Source, useSourceChoice } from './use-source-choice.ts'

/** What the prototypes of a model stand for: the images that each is surest of. */
export function ExplorerPage({ id }: { readonly id: string }) {
  const { data: model, problem, retry } = useResource(modelQuery(useClient(), id))
  const parent = { href: href.model(id), name: model === null ? 'Model' : modelTitle(model) }
  return (
    <PageFrame
      title="Prototypes"
      parent={parent}
      actions={
        <a className="button" href={href.playground({ model: id })}>
          Try an image
        </a>
      }
    >
      {problem && <ProblemNotice problem={problem} onRetry={retry} />}
      {model === null && problem === null && <Skeleton label="model" />}
      {model && (typeof model.config?.prototypes === 'number' ? <Explorer model={model} /> : <Headless />)}
    </PageFrame>
  )
}

const Headless = () => <div className="empty">This model has no prototypes: it serves embeddings only.</div>

function Explorer({ model }: { readonly model: Model }) {
  const sets = useSetChoice(model.id)
  const choice = useSourceChoice(model.id, sets)
  const { chosen, isKnown, retry } = choice
  const problem = choice.problem ?? sets.problem
  if (!isKnown) return problem ? <ProblemNotice problem={problem} onRetry={retry} /> : <Skeleton label="images" />
  return (
    <>
      {problem && <ProblemNotice problem={problem} onRetry={retry} />}
      {chosen === null && <NothingSeen model={model.id} />}
      {chosen?.by === 'evaluation' && <Seen evaluation={chosen.evaluation} />}
      {chosen?.by === 'set' && <SetInWords set={chosen.set} />}
      {chosen && <Cards model={model.id} source={chosen} choice={<SeenChoice choice={choice} />} />}
    </>
  )
}

function Seen({ evaluation: { prototypes: seen } }: { readonly evaluation: Evaluation }) {
  if (seen === null) return null
  return (
    <section className="card" aria-label="Counts">
      <Facts
        facts={[
          ['Images', formatCount(seen.images)],
          ['Prototypes that win one', `${formatCount(seen.used)} of ${formatCount(seen.prototypes)}`],
          ['In use', formatPercent(seen.used / seen.prototypes)],
          ['Assigned by', seen.posterior === 'teacher' ? 'the teacher, centered' : 'the teacher, without its center']
        ]}
      />
    </section>
  )
}

interface CardsProps {
  readonly model: string
  readonly source: Source
  readonly choice: ReactNode
}

function Cards({ model, source, choice }: CardsProps) {
  const [sort, setSort] = useState<PrototypeSort>('-usage')
  const { items, problem, retry, pager } = useList(prototypeList(useClient(), model, sort))
  return (
    <>
      <div className="actions explorer-choices">
        {choice}
        <SortSelect sort={sort} onSort={setSort} />
      </div>
      {problem && <ProblemNotice problem={problem} onRetry={retry} />}
      {items === null && problem === null && <Skeleton label="prototypes" />}
      <ul className="prototype-grid" aria-label="Prototypes">
        {(items ?? []).map((prototype) => (
          <PrototypeCard key={prototype.index} source={source} prototype={prototype} />
        ))}
      </ul>
      <Pager pager={pager} label="prototypes" />
    </>
  )
}
