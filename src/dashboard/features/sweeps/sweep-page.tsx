import { useMemo, useState } from 'react'
import type { SweepComparison } from '../../../client/resources.ts'
import { createPointedStep, PointedStepContext } from '../../charts/pointed-step.ts'
import { Facts } from '../../components/facts.tsx'
import { Skeleton } from '../../components/list.tsx'
import { PageFrame } from '../../components/page-frame.tsx'
import { ProblemNotice } from '../../components/problem-notice.tsx'
import { Ago } from '../../components/time.tsx'
import { useClient } from '../../data/api.ts'
import { sweepQuery } from '../../data/queries/sweeps.ts'
import { useResource } from '../../data/use-resource.ts'
import { href } from '../../router.ts'
import { MetadataFacts } from '../description/metadata-facts.tsx'
import { SweepActions } from './sweep-actions.tsx'
import { SweepCurves } from './sweep-curves.tsx'
import { standingInWords, statusesInWords } from './sweep-words.ts'
import { TrialTable } from './trial-table.tsx'

export function SweepPage({ id }: { readonly id: string }) {
  const { data: sweep, problem, retry } = useResource(sweepQuery(useClient(), id))
  const parent = { href: href.sweeps(), name: 'Sweeps' }
  if (sweep === null) {
    return (
      <PageFrame title="Sweep" parent={parent}>
        {problem ? <ProblemNotice problem={problem} onRetry={retry} /> : <Skeleton label="sweep" />}
      </PageFrame>
    )
  }
  return (
    <PageFrame title={sweep.name ?? sweep.id} parent={parent} actions={<SweepActions sweep={sweep} />}>
      {problem && <ProblemNotice problem={problem} onRetry={retry} />}
      <Trials sweep={sweep} />
    </PageFrame>
  )
}

function Trials({ sweep }: { readonly sweep: SweepComparison }) {
  const [hidden, setHidden] = useState<ReadonlySet<number>>(new Set())
  const pointed = useMemo(createPointedStep, [])
  const toggle = (trial: number) =>
    setHidden((before) =>
      before.has(trial) ? new Set([...before].filter((one) => one !== trial)) : new Set([...before, trial])
    )
  return (
    <>
      <section className="card" aria-label="State">
        <p>{standingInWords(sweep) ?? 'No objective was named: the table is in the order of the trials.'}</p>
        <Facts
          facts={[
            ['Runs', statusesInWords(sweep)],
            [
              'Trials',
              sweep.grid ? `${sweep.trial_count}, a grid` : `${sweep.trial_count}, drawn with seed ${sweep.seed}`
            ],
            ['Objective', sweep.objective ? `${sweep.objective.direction} ${sweep.objective.metric}` : '–'],
            ['Created', <Ago key="created" at={sweep.created_at} />]
          ]}
        />
        <MetadataFacts metadata={sweep.metadata} />
      </section>
      <PointedStepContext value={pointed}>
        <SweepCurves sweep={sweep} hidden={hidden} />
      </PointedStepContext>
      <CompareTrials sweep={sweep} />
      <TrialTable sweep={sweep} hidden={hidden} onToggle={toggle} />
    </>
  )
}

/** As runs: their recipes and evaluations beside each other, by images seen and by time. */
function CompareTrials({ sweep: { trials } }: { readonly sweep: SweepComparison }) {
  const runs = trials.flatMap(({ run }) => (run === null ? [] : [run]))
  if (runs.length < 2) return null
  return (
    <p className="lead">
      <a href={href.compareRuns(runs.slice(0, 10))}>Compare {runs.length > 10 ? 'the first 10' : 'them'} as runs</a>: by
      images and time, with their evaluations.
    </p>
  )
}
