import type { Model } from '../../../client/resources.ts'
import { Facts } from '../../components/facts.tsx'
import { Section } from '../../components/section.tsx'
import { fieldLabel, formatCount, formatField } from '../../format.ts'
import type { JsonObject } from '../../json.ts'
import { ResourceLink } from '../names/resource-link.tsx'
import { flatten } from '../runs/recipe-groups.ts'

/** A run's, at a step; or weights that were trained elsewhere. */
export function ModelOrigin({ model: { run, step, import: imported } }: { readonly model: Model }) {
  if (imported !== null) return <>imported{imported.format === undefined ? '' : `, ${imported.format}`}</>
  if (run === null) return <>–</>
  return (
    <>
      <ResourceLink id={run} />, step {formatCount(step)}
    </>
  )
}

/** Everything that was asked for: of these files, read in this way, the same model is made again. */
export function ImportSection({ imported }: { readonly imported: NonNullable<Model['import']> }) {
  const facts = flatten(imported as unknown as JsonObject) // as it came over the wire
  return (
    <Section title="Imported" hint="Weights that were trained elsewhere, and how they were read.">
      <Facts facts={facts.map(([name, value]) => [fieldLabel(name), formatField(name, value)] as const)} />
    </Section>
  )
}
