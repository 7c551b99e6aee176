import { fieldMessage } from '../../../client/problem.ts'
import { Facts } from '../../components/facts.tsx'
import { Section } from '../../components/section.tsx'
import { TextField } from '../../components/text-field.tsx'
import { formatField } from '../../format.ts'
import { Sentences } from './recipe-section.tsx'
import { ImagesField, RecipeFields, type RunFieldsProps } from './run-fields.tsx'
import type { ResolvedRecipe } from './run-request.ts'

interface Props extends RunFieldsProps {
  /** Of preset auto: why it chose as it did. */
  readonly reasons: readonly string[]
  /** Whether what can be changed is seen from the start. */
  readonly isOpen: boolean
}

/** Images first; then what is chosen for them, and why. All else is there for who wants it otherwise. */
export function GuidedFields({ reasons, isOpen, ...fields }: Props) {
  const { form, errors, onChange, recipe } = fields
  return (
    <>
      <Section title="1. Images">
        <div className="fields">
          <ImagesField {...fields} />
          <TextField
            label="Name"
            hint="optional"
            error={fieldMessage(errors, '/name')}
            value={form.name}
            onChange={(name) => onChange({ name })}
          />
        </div>
      </Section>
      <Section title="2. Recipe" hint={form.preset === '' ? 'Chosen for these images.' : `Of preset ${form.preset}.`}>
        {recipe?.hyperparameters === undefined ? (
          <p className="muted">It is shown here as soon as the images are chosen.</p>
        ) : (
          <Chosen recipe={recipe} />
        )}
        <Sentences title="Why" sentences={reasons} />
      </Section>
      <details className="folded" open={isOpen || undefined}>
        <summary>Change the recipe, the machine, evaluation and checkpoints</summary>
        <RecipeFields {...fields} />
      </details>
    </>
  )
}

/** What people ask about first; the rest is in the whole recipe. */
const SHOWN = [
  ['epochs', 'Epochs'],
  ['batch_size', 'Batch size'],
  ['prototypes', 'Prototypes'],
  ['bottleneck_dim', 'Bottleneck'],
  ['learning_rate', 'Learning rate']
] as const

function Chosen({ recipe: { arch, patch_size: patch, hyperparameters } }: { readonly recipe: ResolvedRecipe }) {
  const values: Readonly<Record<string, unknown>> = hyperparameters ?? {}
  return (
    <Facts
      facts={[
        ['Backbone', `${arch ?? '–'}, patch ${patch ?? '–'}`],
        ...SHOWN.map(([name, label]) => [label, formatField(name, values[name])] as const)
      ]}
    />
  )
}
