import type { Prototype } from '../../../client/resources.ts'
import { type Dot, Scatter } from '../../charts/scatter.tsx'
import { Skeleton } from '../../components/list.tsx'
import { ProblemNotice } from '../../components/problem-notice.tsx'
import { Section } from '../../components/section.tsx'
import { useClient } from '../../data/api.ts'
import { type MostUsed, mostUsedQuery } from '../../data/queries/models.ts'
import { useResource } from '../../data/use-resource.ts'
import { formatCount, formatNumber } from '../../format.ts'

const dotOf = ({ index, kappa, usage, duplicates_of }: Prototype): Dot => ({
  key: index,
  x: kappa,
  y: usage ?? 0,
  title: `prototype ${index}: κ ${formatNumber(kappa)}, ${formatCount(usage)} images`,
  isMuted: duplicates_of !== null
})

const NONE: MostUsed = { prototypes: [], isCut: false }

export function PrototypeScatter({ id }: { readonly id: string }) {
  const { data, problem, retry } = useResource(mostUsedQuery(useClient(), id))
  const { prototypes, isCut } = data ?? NONE
  const isLoading = data === null && problem === null
  const counted = prototypes.filter(({ usage }) => usage !== null)
  const used = counted.filter(({ usage }) => usage !== 0).length
  const which = isCut
    ? `the ${formatCount(prototypes.length)} most used prototypes`
    : `all ${prototypes.length} prototypes`
  return (
    <Section
      title="Kappa and usage"
      hint={
        isLoading
          ? 'Loading…'
          : `Of ${which}, ${formatCount(used)} are the likeliest for at least one image. Faint: repeats another.`
      }
    >
      {problem && <ProblemNotice problem={problem} onRetry={retry} />}
      {isLoading && <Skeleton label="prototypes" />}
      {data !== null && counted.length === 0 && (
        <p className="muted">Usage was not counted: the model was exported without its dataset.</p>
      )}
      {counted.length > 0 && (
        <Scatter label="Kappa against usage of prototypes" xLabel="κ" yLabel="images" dots={counted.map(dotOf)} />
      )}
    </Section>
  )
}
