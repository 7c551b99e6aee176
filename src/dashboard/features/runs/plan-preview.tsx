import type { Problem } from '../../../client/problem.ts'
import type { RunPlan } from '../../../client/resources.ts'
import { CopyButton } from '../../components/copy-button.tsx'
import { ProblemNotice } from '../../components/problem-notice.tsx'
import { Section } from '../../components/section.tsx'
import type { JsonObject } from '../../json.ts'
import { JsonGroup, RecipeTable, Sentences } from './recipe-section.tsx'
import { curlCommand } from './run-request.ts'

interface Props {
  readonly plan: RunPlan | null
  readonly problem: Problem | null
  readonly isChecking: boolean
  readonly body: JsonObject | null
}

/** What the API makes of the form, before anything is queued. */
export function PlanPreview({ plan, problem, isChecking, body }: Props) {
  const state = isChecking
    ? 'Checking…'
    : problem
      ? 'Cannot be trained as written'
      : plan
        ? 'Can be trained'
        : 'Not checked yet'
  return (
    <Section title="What would run" actions={<CopyCurl body={body} />}>
      <p role="status" className={problem && !isChecking ? 'field-error' : 'muted'}>
        {state}
      </p>
      {problem && !isChecking && <ProblemNotice problem={problem} />}
      {plan && (
        <div className={problem ? 'stale' : undefined}>
          <div className="recipe">
            <JsonGroup title="Estimate" value={plan.estimate} />
          </div>
          <Sentences title="Warnings" sentences={plan.warnings.map(({ message }) => message)} />
          <Sentences title="Why" sentences={plan.recipe_reasons} />
          <RecipeTable recipe={plan.resolved_recipe} />
        </div>
      )}
    </Section>
  )
}

function CopyCurl({ body }: { readonly body: JsonObject | null }) {
  return body && <CopyButton text={curlCommand(window.location.origin, '/v1/runs', body)} label="Copy as curl" />
}
