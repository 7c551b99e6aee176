import { useQuery } from '@tanstack/react-query'
import type { ReactNode } from 'react'
import type { Evaluation, Prototype } from '../../../client/resources.ts'
import { Facts } from '../../components/facts.tsx'
import { ProblemNotice } from '../../components/problem-notice.tsx'
import { useClient } from '../../data/api.ts'
import { problemOf } from '../../data/problem-of.ts'
import { judgedOf, prototypeImagesQuery } from '../../data/queries/exemplars.ts'
import { versionName } from '../../data/queries/images.ts'
import { useSeen } from '../../data/use-seen.ts'
import { formatCount, formatDegrees, formatMany, formatNumber } from '../../format.ts'
import { href } from '../../router.ts'
import { ExemplarStrip } from './exemplar-strip.tsx'
import { LabelMix } from './label-mix.tsx'
import { PrototypeMatches } from './prototype-matches.tsx'
import type { Source } from './use-source-choice.ts'

interface SeenProps {
  readonly evaluation: Evaluation
  readonly prototype: number
  readonly most: number
  readonly children?: ReactNode
}

/** What an evaluation has seen of a prototype, once it is in view. */
export function SeenPrototype({ evaluation, prototype, most, children }: SeenProps) {
  const [ref, isSeen] = useSeen<HTMLDivElement>()
  const query = useQuery({ ...prototypeImagesQuery(useClient(), evaluation.id, prototype), enabled: isSeen })
  const problem = problemOf(query)
  const of = versionName(judgedOf(evaluation))
  const { data: seen } = query
  return (
    <div ref={ref} className="seen-prototype">
      {problem && <ProblemNotice problem={problem} />}
      {seen && of && seen.usage > 0 && <ExemplarStrip of={of} seen={seen} most={most} />}
      {seen?.usage === 0 && (
        <p className="muted small">Wins none of {formatMany(evaluation.prototypes?.images, 'image')}.</p>
      )}
      {children}
      {seen && <LabelMix seen={seen} />}
    </div>
  )
}

interface CardProps {
  readonly source: Source
  readonly prototype: Prototype
}

const MOST = 8

export function PrototypeCard({ source, prototype }: CardProps) {
  const { model, index, kappa, usage, fitted, nearest, duplicates_of: duplicatesOf } = prototype
  const [first] = nearest
  const facts = (
    <Facts
      isTight
      facts={[
        ["Teacher's κ", formatNumber(kappa, 3)],
        ['Fitted κ', fitted ? formatNumber(fitted.kappa, 3) : '–'],
        ['In training', usage === null ? '–' : formatCount(usage)],
        ['Nearest', first ? `${first.prototype}, ${formatDegrees(first.cosine)}` : '–'],
        ...(duplicatesOf === null ? [] : ([['Repeats', duplicatesOf]] as const))
      ]}
    />
  )
  return (
    <li className="card">
      <h3>
        <a href={href.prototype(model, index)}>Prototype {index}</a>
      </h3>
      {source.by === 'evaluation' ? (
        <SeenPrototype evaluation={source.evaluation} prototype={index} most={MOST}>
          {facts}
        </SeenPrototype>
      ) : (
        <>
          <PrototypeMatches set={source.set.id} prototype={index} />
          {facts}
        </>
      )}
    </li>
  )
}
