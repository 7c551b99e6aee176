import type { Prototype } from '../../../client/resources.ts'
import { type Dot, Scatter } from '../../charts/scatter.tsx'
import { Skeleton } from '../../components/list.tsx'
import { ProblemNotice } from '../../components/problem-notice.tsx'
import { Section } from '../../components/section.tsx'
import { useClient } from '../../data/api.ts'
import { type MostUsed, mostUsedQuery } from '../../data/queries/models.ts'
import { useResource } from '../../data/use-resource.ts'
import { formatCount, formatMany, formatNumber } from '../../format.ts'

const dotsOf = ({ index, fitted, duplicates_of }: Prototype): Dot[] =>
  fitted === null
    ? []
    : [
        {
          key: index,
          x: fitted.kappa,
          y: fitted.usage,
          title: `prototype ${index}: fitted κ ${formatNumber(fitted.kappa)}, ${formatMany(fitted.usage, 'image')}`,
          isMuted: duplicates_of !== null
        }
      ]

const NONE: MostUsed = { prototypes: [], isCut: false }

export function PrototypeScatter({ id }: { readonly id: string }) {
  const { data, problem, retry } = useResource(mostUsedQuery(useClient(), id))
  const { prototypes, isCut } = data ?? NONE
  const isLoading = data === null && problem === null
  const dots = prototypes.flatMap(dotsOf)
  const which = isCut
    ? `the ${formatCount(prototypes.length)} most used prototypes`
    : `all ${prototypes.length} prototypes`
  return (
    <Section
      title="Fitted kappa and images"
      hint={
        isLoading
          ? 'Loading…'
          : `Of ${which}, ${formatCount(dots.length)} have a fitted component. Faint: the prototype repeats another.`
      }
    >
      {problem && <ProblemNotice problem={problem} onRetry={retry} />}
      {isLoading && <Skeleton label="prototypes" />}
      {dots.length > 0 && (
        <Scatter label="Fitted kappa against images of components" xLabel="fitted κ" yLabel="images" dots={dots} />
      )}
    </Section>
  )
}
