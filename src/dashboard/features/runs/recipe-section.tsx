import { useMemo } from 'react'
import type { Recipe, Run } from '../../../client/resources.ts'
import { isFinished } from '../../../client/run-status.ts'
import { CopyButton } from '../../components/copy-button.tsx'
import { Facts } from '../../components/facts.tsx'
import { Section } from '../../components/section.tsx'
import { planQuery } from '../../data/queries/runs.ts'
import { useChecked } from '../../data/use-checked.ts'
import { fieldLabel, formatField } from '../../format.ts'
import type { JsonObject } from '../../json.ts'
import { flatten, recipeGroups } from './recipe-groups.ts'

export function RecipeSection({ run }: { readonly run: Run }) {
  const { resolved_recipe: recipe, compute, checkpoint } = run
  return (
    <Section
      title="Recipe"
      hint="Everything that was resolved for this run, defaults included."
      actions={<CopyButton text={JSON.stringify(recipe, null, 2)} label="Copy JSON" />}
    >
      <Sentences title="Why" sentences={run.recipe_reasons} />
      <RecipeTable recipe={recipe} />
      <div className="recipe">
        {!isFinished(run) && <Estimate run={run} />}
        <JsonGroup title="Compute" value={compute} />
        <JsonGroup title="Checkpoints" value={checkpoint} />
      </div>
    </Section>
  )
}

/** The API gives an estimate with a plan, so the run's own request is planned once more. */
function Estimate({ run }: { readonly run: Run }) {
  const body = useMemo(
    () => JSON.stringify({ dataset: run.dataset, compute: run.compute, ...run.resolved_recipe }),
    [run]
  )
  const { answer: plan, problem } = useChecked(body, planQuery)
  if (problem) return <p className="muted small">No estimate: {problem.message}</p>
  return plan && <JsonGroup title="Estimate" value={plan.estimate} />
}

export function RecipeTable({ recipe }: { readonly recipe: Recipe }) {
  return (
    <div className="recipe">
      {recipeGroups(recipe).map(({ title, rows }) => (
        <Group key={title} title={title} rows={rows} />
      ))}
    </div>
  )
}

interface SentencesProps {
  readonly title: string
  readonly sentences: readonly string[]
}

export function Sentences({ title, sentences }: SentencesProps) {
  if (sentences.length === 0) return null
  return (
    <div className="sentences">
      <h3>{title}</h3>
      <ul className="small">
        {sentences.map((sentence) => (
          <li key={sentence}>{sentence}</li>
        ))}
      </ul>
    </div>
  )
}

export function JsonGroup({ title, value }: { readonly title: string; readonly value: JsonObject }) {
  return <Group title={title} rows={flatten(value)} />
}

function Group({ title, rows }: { readonly title: string; readonly rows: readonly (readonly [string, unknown])[] }) {
  return (
    <div>
      <h3>{title}</h3>
      <Facts facts={rows.map(([name, value]) => [fieldLabel(name), formatField(name, value)] as const)} />
    </div>
  )
}
