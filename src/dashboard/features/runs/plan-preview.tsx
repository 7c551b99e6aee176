import type { ReactNode } from 'react'
import type { Problem } from '../../../client/problem.ts'
import type { RunPlan } from '../../../client/resources.ts'
import { CopyButton } from '../../components/copy-button.tsx'
import { Facts } from '../../components/facts.tsx'
import { ProblemNotice } from '../../components/problem-notice.tsx'
import { Section } from '../../components/section.tsx'
import { formatBytes, formatCount, formatDuration, formatNumber } from '../../format.ts'
import type { JsonObject } from '../../json.ts'
import { RecipeTable, Sentences } from './recipe-section.tsx'
import { curlCommand } from './run-request.ts'

interface Props {
  readonly plan: RunPlan | null
  readonly problem: Problem | null
  readonly isChecking: boolean
  readonly body: JsonObject | null
  /** The button that queues it. */
  readonly start: ReactNode
}

/** What the API makes of the form, before anything is queued. */
export function PlanPreview({ plan, problem, isChecking, body, start }: Props) {
  const state = isChecking
    ? 'Checking…'
    : problem
      ? 'Cannot be trained as written'
      : plan
        ? 'Can be trained'
        : 'Not checked yet'
  return (
    <Section title="3. Estimate and start" actions={<CopyCurl body={body} />}>
      <p role="status" className={problem && !isChecking ? 'field-error' : 'muted'}>
        {state}
      </p>
      {problem && !isChecking && <ProblemNotice problem={problem} />}
      {plan && (
        <div className={problem ? 'stale' : undefined}>
          <EstimateFacts estimate={plan.estimate} />
          <Sentences title="Warnings" sentences={plan.warnings.map(({ message }) => message)} />
        </div>
      )}
      {start}
      {plan && (
        <details className={problem ? 'stale' : undefined}>
          <summary>The whole recipe</summary>
          <RecipeTable recipe={plan.resolved_recipe} />
        </details>
      )}
    </Section>
  )
}

function EstimateFacts({ estimate }: Pick<RunPlan, 'estimate'>) {
  const { steps, images, flops, memory_bytes: memory, duration_s: duration } = estimate
  return (
    <Facts
      facts={[
        ['Takes', duration === null ? 'not known: no run like it has ended here' : `about ${formatDuration(duration)}`],
        ['Steps', formatCount(steps)],
        ['Images, each with its crops', formatCount(images)],
        ['Memory of each device', formatBytes(memory)],
        ['Computation', `${formatNumber(flops, 3)} operations`]
      ]}
    />
  )
}

function CopyCurl({ body }: { readonly body: JsonObject | null }) {
  return body && <CopyButton text={curlCommand(window.location.origin, '/v1/runs', body)} label="Copy as curl" />
}
