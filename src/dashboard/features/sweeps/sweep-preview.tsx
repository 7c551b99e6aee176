import type { Problem } from '../../../client/problem.ts'
import type { SweepPlan } from '../../../client/resources.ts'
import { CopyButton } from '../../components/copy-button.tsx'
import { Table } from '../../components/list.tsx'
import { ProblemNotice } from '../../components/problem-notice.tsx'
import { Section } from '../../components/section.tsx'
import { formatCount, formatDuration, formatMany } from '../../format.ts'
import type { JsonObject } from '../../json.ts'
import { JsonGroup, RecipeTable, Sentences } from '../runs/recipe-section.tsx'
import { curlCommand } from '../runs/run-request.ts'
import { fieldName, formatValue } from './sweep-words.ts'

interface Props {
  readonly plan: SweepPlan | null
  readonly problem: Problem | null
  readonly isChecking: boolean
  readonly body: JsonObject | null
}

/** What the API makes of the form, before anything is queued. */
export function SweepPreview({ plan, problem, isChecking, body }: Props) {
  const copy = body && (
    <CopyButton text={curlCommand(window.location.origin, '/v1/sweeps', body)} label="Copy as curl" />
  )
  return (
    <Section title="What would run" actions={copy}>
      <p role="status" className={problem && !isChecking ? 'field-error' : 'muted'}>
        {stateOf({ plan, problem, isChecking })}
      </p>
      {problem && !isChecking && <ProblemNotice problem={problem} />}
      {plan && (
        <div className={problem ? 'preview stale' : 'preview'}>
          <Trials plan={plan} />
          <div className="recipe">
            <JsonGroup title="Estimate of all, one after the other" value={plan.estimate} />
          </div>
          <Sentences title="Warnings" sentences={plan.warnings.map(({ message }) => message)} />
          {plan.trials[0] && (
            <details>
              <summary>Recipe of the first trial</summary>
              <RecipeTable recipe={plan.trials[0].resolved_recipe} />
            </details>
          )}
        </div>
      )}
    </Section>
  )
}

function stateOf({ plan, problem, isChecking }: Omit<Props, 'body'>): string {
  if (isChecking) return 'Checking…'
  if (problem) return 'Cannot be trained as written'
  if (plan === null) return 'Not checked yet'
  return plan.trials.length === 1
    ? '1 trial can be trained'
    : `${formatMany(plan.trials.length, 'trial')} can be trained`
}

function Trials({ plan: { trials } }: { readonly plan: SweepPlan }) {
  const fields = Object.keys(trials[0]?.values ?? {})
  const rows = trials.map(({ trial, values, estimate }) => ({
    key: trial,
    cells: [
      `#${trial}`,
      ...fields.map((field) => formatValue(values[field])),
      formatCount(estimate.steps),
      formatDuration(estimate.duration_s)
    ]
  }))
  return <Table label="Trials" columns={['Trial', ...fields.map(fieldName), 'Steps', 'Time']} rows={rows} />
}
