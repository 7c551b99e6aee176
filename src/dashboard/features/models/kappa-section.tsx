import type { KappaSummary } from '../../../client/resources.ts'
import { Histogram } from '../../charts/histogram.tsx'
import { Facts } from '../../components/facts.tsx'
import { Skeleton } from '../../components/list.tsx'
import { ProblemNotice } from '../../components/problem-notice.tsx'
import { Section } from '../../components/section.tsx'
import { useClient } from '../../data/api.ts'
import { type KappaView, kappaQuery } from '../../data/queries/models.ts'
import { useResource } from '../../data/use-resource.ts'
import { formatNumber } from '../../format.ts'

const QUANTILES = ['p0', 'p5', 'p25', 'p50', 'p75', 'p95', 'p100'] as const
const MARKED = ['p5', 'p50', 'p95'] as const

const VIEWS = {
  fitted: {
    title: 'Kappa, fitted',
    hint: 'How tightly training images lie, by component of the mixture that was fitted to them.'
  },
  model: {
    title: "Kappa of the teacher's prototypes",
    hint: '‖w‖/τ: the precision with which the teacher assigns. It does not measure how close images lie.'
  }
} as const

/** One view at a time: the two kappas measure different things. */
export function KappaSection({ id, view }: { readonly id: string; readonly view: KappaView }) {
  const { data, problem, retry } = useResource(kappaQuery(useClient(), id, view))
  return (
    <Section {...VIEWS[view]}>
      {data === null && problem && <ProblemNotice problem={problem} onRetry={retry} />}
      {data === null && !problem && <Skeleton label="kappa" />}
      {data && <Kappa kappa={data} title={VIEWS[view].title} />}
    </Section>
  )
}

function Kappa({ kappa, title }: { readonly kappa: KappaSummary; readonly title: string }) {
  const { quantiles, histogram } = kappa
  return (
    <>
      <Histogram
        label={`${title}: median ${formatNumber(quantiles.p50)}, from ${formatNumber(quantiles.p0)} to ${formatNumber(quantiles.p100)}`}
        edges={histogram.edges}
        counts={histogram.counts}
        marks={MARKED.map((name) => ({ label: name, value: quantiles[name] }))}
      />
      <Facts isTight facts={QUANTILES.map((name) => [name, formatNumber(quantiles[name])] as const)} />
    </>
  )
}
