import { type ReactNode, useState } from 'react'
import type { Evaluation, Model } from '../../../client/resources.ts'
import { Facts } from '../../components/facts.tsx'
import { Pager, Skeleton } from '../../components/list.tsx'
import { PageFrame } from '../../components/page-frame.tsx'
import { ProblemNotice } from '../../components/problem-notice.tsx'
import { useClient } from '../../data/api.ts'
import { seenQuery } from '../../data/queries/exemplars.ts'
import { modelQuery, type PrototypeSort, prototypeList } from '../../data/queries/models.ts'
import { useList } from '../../data/use-list.ts'
import { useResource } from '../../data/use-resource.ts'
import { formatCount, formatPercent } from '../../format.ts'
import { href } from '../../router.ts'
import { SortSelect } from '../models/prototypes.tsx'
import { PrototypeCard } from './prototype-card.tsx'
import { NothingSeen, SeenChoice } from './seen-choice.tsx'

/** What the prototypes of a model stand for: the images that each is surest of. */
export function ExplorerPage({ id }: { readonly id: string }) {
  const { data: model, problem, retry } = useResource(modelQuery(useClient(), id))
  const parent = { href: href.model(id), name: model?.name ?? 'Model' }
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
  const { data: evaluations, problem, retry } = useResource(seenQuery(useClient(), model.id))
  const [chosenId, setChosenId] = useState<string | null>(null)
  if (evaluations === null)
    return problem ? <ProblemNotice problem={problem} onRetry={retry} /> : <Skeleton label="evaluations" />
  const chosen = evaluations.find(({ id }) => id === chosenId) ?? evaluations[0]
  if (chosen === undefined) return <NothingSeen model={model.id} />
  return (
    <>
      <Seen evaluation={chosen} />
      <Cards
        model={model.id}
        evaluation={chosen}
        choice={<SeenChoice evaluations={evaluations} chosen={chosen} onChoose={setChosenId} />}
      />
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
          ['Given by the posterior', seen.posterior]
        ]}
      />
    </section>
  )
}

interface CardsProps {
  readonly model: string
  readonly evaluation: Evaluation
  readonly choice: ReactNode
}

function Cards({ model, evaluation, choice }: CardsProps) {
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
          <PrototypeCard key={prototype.index} evaluation={evaluation} prototype={prototype} />
        ))}
      </ul>
      <Pager pager={pager} label="prototypes" />
    </>
  )
}
