import type { KappaSummary, ModelConfig, Prototype } from '../../../client/resources.ts'
import { Histogram } from '../../charts/histogram.tsx'
import { Facts } from '../../components/facts.tsx'
import { Skeleton } from '../../components/list.tsx'
import { ProblemNotice } from '../../components/problem-notice.tsx'
import { Section } from '../../components/section.tsx'
import { useClient } from '../../data/api.ts'
import { firstPrototypeQuery, kappaQuery } from '../../data/queries/models.ts'
import { useResource } from '../../data/use-resource.ts'
import { formatDegrees, formatNumber } from '../../format.ts'

interface Props {
  readonly id: string
  readonly config: ModelConfig | null
}

const QUANTILES = ['p0', 'p5', 'p25', 'p50', 'p75', 'p95', 'p100'] as const
const MARKED = ['p5', 'p50', 'p95'] as const

export function KappaSection({ id, config }: Props) {
  const { data, problem, retry } = useResource(kappaQuery(useClient(), id))
  return (
    <Section
      title="Kappa"
      hint="The concentration of each prototype: a large kappa is a tight group of images, a small one a wide group."
    >
      {data === null && problem && <ProblemNotice problem={problem} onRetry={retry} />}
      {data === null && !problem && <Skeleton label="kappa" />}
      {data && <Kappa kappa={data} />}
      <Meaning id={id} bottleneckDim={config?.bottleneck_dim ?? null} />
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

/** What kappa means to a person, on this model's own widest and tightest prototype. */
function Meaning({ id, bottleneckDim }: { readonly id: string; readonly bottleneckDim: number | null }) {
  const client = useClient()
  const { data: tightest } = useResource(firstPrototypeQuery(client, id, '-kappa'))
  const { data: widest } = useResource(firstPrototypeQuery(client, id, 'kappa'))
  if (!tightest || !widest) return null
  const angle = ({ expected_cosine }: Prototype) => formatDegrees(expected_cosine)
  return (
    <p className="small">
      On a sphere of {bottleneckDim ?? 'p'} dimensions an image of a component with concentration κ has on average the
      cosine A<sub>p</sub>(κ) to its prototype. Here: the tightest prototype (κ = {formatNumber(tightest.kappa)}) holds
      its images at about <b>{angle(tightest)}</b>, the widest (κ = {formatNumber(widest.kappa)}) at about{' '}
      <b>{angle(widest)}</b>. Random directions would be at 90°.
    </p>
  )
}
