import type { JsonObject } from '../../api/wire.ts'
import type { Recipe, Run } from '../../api/wire-runs.ts'
import { CopyButton } from '../../components/copy-button.tsx'
import { Facts } from '../../components/facts.tsx'
import { Section } from '../../components/section.tsx'
import { formatField, formatWords } from '../../format.ts'
import { flatten, recipeGroups } from './recipe-groups.ts'

export function RecipeSection({ run }: { readonly run: Run }) {
  const { resolved_recipe: recipe, estimate, compute, checkpoint, metadata } = run
  return (
    <Section
      title="Recipe"
      hint="Everything that was resolved for this run, defaults included."
      actions={<CopyButton text={JSON.stringify(recipe, null, 2)} label="Copy JSON" />}
    >
      <RecipeTable recipe={recipe} />
      <div className="recipe">
        {estimate && <JsonGroup title="Estimate" value={estimate} />}
        <JsonGroup title="Compute" value={compute} />
        <JsonGroup title="Checkpoints" value={checkpoint} />
        {Object.keys(metadata).length > 0 && <JsonGroup title="Metadata" value={metadata} />}
      </div>
    </Section>
  )
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

export function JsonGroup({ title, value }: { readonly title: string; readonly value: JsonObject }) {
  return <Group title={title} rows={flatten(value)} />
}

function Group({ title, rows }: { readonly title: string; readonly rows: readonly (readonly [string, unknown])[] }) {
  return (
    <div>
      <h3>{title}</h3>
      <Facts facts={rows.map(([name, value]) => [formatWords(name), formatField(name, value)] as const)} />
    </div>
  )
}
