import type { Prototype } from '../../../client/resources.ts'
import { Facts } from '../../components/facts.tsx'
import { Skeleton } from '../../components/list.tsx'
import { PageFrame } from '../../components/page-frame.tsx'
import { ProblemNotice } from '../../components/problem-notice.tsx'
import { Section } from '../../components/section.tsx'
import { useClient } from '../../data/api.ts'
import { modelQuery, prototypeQuery } from '../../data/queries/models.ts'
import { useResource } from '../../data/use-resource.ts'
import { formatCount, formatDegrees, formatMany, formatNumber, formatPercent } from '../../format.ts'
import { modelTitle } from '../../resource-titles.ts'
import { href } from '../../router.ts'
import { angles, fittedKappa } from '../models/prototypes.tsx'
import { SeenPrototype } from './prototype-card.tsx'
import { PrototypeMatches } from './prototype-matches.tsx'
import { NothingSeen, SeenChoice } from './seen-choice.tsx'
import { useSetChoice } from './use-set-choice.ts'
import { useSourceChoice } from './use-source-choice.ts'

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
      parent={{ href: href.explorer(id), name: `Prototypes of ${model === null ? 'the model' : modelTitle(model)}` }}
    >
      {problem && <ProblemNotice problem={problem} onRetry={retry} />}
      {prototype === null && problem === null && <Skeleton label="prototype" />}
      {prototype && (
        <>
          <Known prototype={prototype} />
          <Images model={id} index={index} />
        </>
      )}
    </PageFrame>
  )
}

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
                ['Component begun there', formatMany(fitted.usage, 'image')],
                ['Fitted κ', fittedKappa(fitted)],
                ['Angle of its images', fitted.angle_degrees ? angles(fitted.angle_degrees) : '–']
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

function Images({ model, index }: { readonly model: string; readonly index: number }) {
  const sets = useSetChoice(model)
  const choice = useSourceChoice(model, sets)
  const { chosen, isKnown, retry } = choice
  const problem = choice.problem ?? sets.problem
  return (
    <Section title="Images" hint={chosen ? HINTS[chosen.by] : ''} actions={<SeenChoice choice={choice} />}>
      {problem && <ProblemNotice problem={problem} onRetry={retry} />}
      {!isKnown && problem === null && <Skeleton label="images" />}
      {isKnown && chosen === null && <NothingSeen model={model} />}
      {chosen?.by === 'evaluation' && (
        <SeenPrototype key={chosen.evaluation.id} evaluation={chosen.evaluation} prototype={index} most={MOST} />
      )}
      {chosen?.by === 'set' && <PrototypeMatches key={chosen.set.id} set={chosen.set.id} prototype={index} />}
    </Section>
  )
}

const HINTS = {
  evaluation: 'Those that it is surest of, and the labels of all that it wins.',
  set: 'Nearest first to the mean direction of the images that are assigned to it.'
} as const
