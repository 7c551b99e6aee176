import type { KappaSummary } from '../../../client/resources.ts'
import { Histogram } from '../../charts/histogram.tsx'
import { Facts } from '../../components/facts.tsx'
import { Skeleton } from '../../components/list.tsx'
import { ProblemNotice } from '../../components/problem-notice.tsx'
import { Section } from '../../components/section.tsx'
import { useClient } from '../../data/api.ts'
import { kappaQuery } from '../../data/queries/models.ts'
import { useResource } from '../../data/use-resource.ts'
import { formatNumber } from '../../format.ts'

const QUANTILES = ['p0', 'p5', 'p25', 'p50', 'p75', 'p95', 'p100'] as const
const MARKED = ['p5', 'p50', 'p95'] as const

export function KappaSection({ id }: { readonly id: string }) {
  const { data, problem, retry } = useResource(kappaQuery(useClient(), id))
  return (
    <Section
      title="Kappa"
      hint="‖w‖/τ of each prototype: the precision with which the teacher assigns. It does not measure how close images lie."
    >
      {data === null && problem && <ProblemNotice problem={problem} onRetry={retry} />}
      {data === null && !problem && <Skeleton label="kappa" />}
      {data && <Kappa kappa={data} />}
    </Section>
  )
}

function Kappa({ kappa: { quantiles, histogram } }: { readonly kappa: KappaSummary }) {
  return (
    <>
      <Histogram
        label={`Histogram of kappa: median ${formatNumber(quantiles.p50)}, from ${formatNumber(quantiles.p0)} to ${formatNumber(quantiles.p100)}`}
        edges={histogram.edges}
        counts={histogram.counts}
        marks={MARKED.map((name) => ({ label: name, value: quantiles[name] }))}
      />
      <Facts isTight facts={QUANTILES.map((name) => [name, formatNumber(quantiles[name])] as const)} />
    </>
  )
}
