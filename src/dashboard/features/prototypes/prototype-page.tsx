import { useState } from 'react'
import type { Model, Prototype } from '../../../client/resources.ts'
import { Facts } from '../../components/facts.tsx'
import { Skeleton } from '../../components/list.tsx'
import { PageFrame } from '../../components/page-frame.tsx'
import { ProblemNotice } from '../../components/problem-notice.tsx'
import { Section } from '../../components/section.tsx'
import { useClient } from '../../data/api.ts'
import { seenQuery } from '../../data/queries/exemplars.ts'
import { modelQuery, prototypeQuery } from '../../data/queries/models.ts'
import { useResource } from '../../data/use-resource.ts'
import { formatCount, formatDegrees, formatNumber, formatPercent } from '../../format.ts'
import { href } from '../../router.ts'
import { angles, fittedKappa } from '../models/prototypes.tsx'
import { SeenPrototype } from './prototype-card.tsx'
import { NothingSeen, SeenChoice } from './seen-choice.tsx'
import { SetImages } from './set-images.tsx'

interface Props {
  readonly id: string
  readonly index: number
}

/** One prototype of a model: what is known of it, and the images that it stands for. */
export function PrototypePage({ id, index }: Props) {
  const client = useClient()
  const { data: model } = useResource(modelQuery(client, id))
  const { data: prototype, problem, retry } = useResource(prototypeQuery(client, id, index))
  return (
    <PageFrame
      title={`Prototype ${index}`}
      parent={{ href: href.explorer(id), name: `Prototypes of ${nameOf(model) ?? 'the model'}` }}
    >
      {problem && <ProblemNotice problem={problem} onRetry={retry} />}
      {prototype === null && problem === null && <Skeleton label="prototype" />}
      {prototype && (
        <>
          <Known prototype={prototype} />
          <Seen model={id} index={index} />
          <SetImages model={id} prototype={index} />
        </>
      )}
    </PageFrame>
  )
}

const nameOf = (model: Model | null): string | null =>
  model === null || model.name === null ? null : `${model.name}@${model.version}`

function Known({ prototype }: { readonly prototype: Prototype }) {
  const { model, kappa, usage, mean_probability: sureness, duplicates_of: repeats, nearest, fitted } = prototype
  return (
    <section className="card" aria-label="Prototype">
      <Facts
        facts={[
          ['Images it wins in training', formatCount(usage)],
          ['Mean probability of them', formatPercent(sureness, 1)],
          ["Teacher's κ", formatNumber(kappa)],
          ['Repeats', repeats === null ? 'no other' : <To key="repeats" model={model} index={repeats} />],
          ...(fitted === null
            ? []
            : ([
                ['Component begun there', `${formatCount(fitted.usage)} images`],
                ['fitted κ', fittedKappa(fitted)],
                ['angle of its images', fitted.angle_degrees ? angles(fitted.angle_degrees) : '–']
              ] as const))
        ]}
      />
      {nearest.length > 0 && (
        <p className="small">
          Nearest:{' '}
          {nearest.map(({ prototype: near, cosine }) => (
            <span key={near} className="nowrap">
              <To model={model} index={near} /> at {formatDegrees(cosine)}{' '}
            </span>
          ))}
        </p>
      )}
    </section>
  )
}

const To = ({ model, index }: { readonly model: string; readonly index: number }) => (
  <a href={href.prototype(model, index)}>{index}</a>
)

const MOST = 24

function Seen({ model, index }: { readonly model: string; readonly index: number }) {
  const { data: evaluations, problem, retry } = useResource(seenQuery(useClient(), model))
  const [chosenId, choose] = useState<string | null>(null)
  const chosen = evaluations?.find(({ id }) => id === chosenId) ?? evaluations?.[0]
  return (
    <Section
      title="As an evaluation has seen it"
      hint="The images that it is surest of, and the labels of all that it wins."
      actions={chosen && <SeenChoice evaluations={evaluations ?? []} chosen={chosen} onChoose={choose} />}
    >
      {problem && <ProblemNotice problem={problem} onRetry={retry} />}
      {evaluations === null && problem === null && <Skeleton label="evaluations" />}
      {evaluations?.length === 0 && <NothingSeen model={model} />}
      {chosen && <SeenPrototype key={chosen.id} evaluation={chosen} prototype={index} most={MOST} />}
    </Section>
  )
}
