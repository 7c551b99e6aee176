import type { Drift, Model } from '../../../client/resources.ts'
import { AlarmBadge } from '../../components/alarm-badge.tsx'
import { Facts } from '../../components/facts.tsx'
import { Skeleton } from '../../components/list.tsx'
import { ProblemNotice } from '../../components/problem-notice.tsx'
import { Section } from '../../components/section.tsx'
import { Ago } from '../../components/time.tsx'
import { useClient } from '../../data/api.ts'
import { driftQuery } from '../../data/queries/drift.ts'
import { useResource } from '../../data/use-resource.ts'
import { formatCount, formatNumber, formatPercent } from '../../format.ts'
import { DriftCharts } from './drift-charts.tsx'
import { DriftGroups } from './drift-groups.tsx'
import { DriftSwitch } from './drift-switch.tsx'
import { DriftWindows } from './drift-windows.tsx'
import { stateWords, windowsOf } from './drift-words.ts'

interface Props {
  readonly model: Model
}

const HINT =
  'Whether images that are assigned now are still those of training, by prototype and by density. Embeddings alone are not counted.'

/** Of a model that knows which prototypes its training images have: nothing else can be held against. */
export function DriftSection({ model }: Props) {
  if (model.mixture?.used == null) {
    return (
      <Section title="Drift" hint={HINT}>
        <p className="muted">
          It cannot be told of this model: nobody knows which prototypes its training images have. It was made without
          images, or by older code.
        </p>
      </Section>
    )
  }
  return <Watched model={model} />
}

function Watched({ model }: Props) {
  const { data: drift, problem, retry } = useResource(driftQuery(useClient(), model.id))
  return (
    <Section title="Drift" hint={HINT} actions={drift && <DriftSwitch drift={drift} />}>
      {problem && <ProblemNotice problem={problem} onRetry={retry} />}
      {drift === null && problem === null && <Skeleton label="drift" />}
      {drift && <State drift={drift} />}
      {drift && windowsOf(drift).length > 0 && (
        <>
          <DriftCharts drift={drift} />
          <DriftWindows drift={drift} hasFitted={model.mixture?.fitted != null} />
          <DriftGroups drift={drift} />
        </>
      )}
    </Section>
  )
}

function State({ drift }: { readonly drift: Drift }) {
  const { enabled, over_since: since, window_images: images } = drift
  return (
    <>
      <p>
        {since !== null && <AlarmBadge text="over" />} {stateWords(drift)}{' '}
        {since !== null && (
          <span className="muted">
            Since <Ago at={since} />.
          </span>
        )}
      </p>
      {(enabled || windowsOf(drift).length > 0) && (
        <Facts
          facts={[
            ['Images of a window', formatCount(images)],
            ['PSI is over beyond', formatNumber(drift.psi_over)],
            ['Low density is over beyond', formatPercent(drift.low_density_over, 1)],
            ['Held against', `${formatCount(drift.training_images)} training images`],
            ['Assigned by', drift.posterior === 'teacher' ? 'the teacher, centered' : 'the teacher, without its center']
          ]}
        />
      )}
    </>
  )
}
