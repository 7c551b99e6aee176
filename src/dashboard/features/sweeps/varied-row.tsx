import { type FieldProblem, fieldMessage } from '../../../client/problem.ts'
import { Choice } from '../../components/choice.tsx'
import { TextField } from '../../components/text-field.tsx'
import type { SweepForm, VariedForm } from './sweep-request.ts'

interface Props {
  /** From 1. */
  readonly number: number
  readonly varied: VariedForm
  readonly kind: SweepForm['kind']
  /** Id of the datalist of fields. */
  readonly names: string
  readonly errors: readonly FieldProblem[]
  readonly onChange: (patch: Partial<VariedForm>) => void
  readonly onRemove: () => void
}

const HOW = [
  ['values', 'one of some values'],
  ['range', 'between two numbers']
] as const

const SCALES = [
  ['linear', 'numbers alike'],
  ['log', 'factors alike']
] as const

/** One field with what it may be. */
export function VariedRow({ number, varied, kind, names, errors, onChange, onRemove }: Props) {
  const isRange = kind === 'random' && varied.how === 'range'
  const at = `/${kind}/${varied.field.trim()}`
  // Of no values at all it is the list that is wrong, and not the name.
  const whole = errors.find(({ path }) => path === at)?.message ?? null
  return (
    <fieldset className="varied">
      <legend className="visually-hidden">Field {number}</legend>
      <div className="fields">
        <TextField
          label={`Field ${number}`}
          list={names}
          placeholder="hyperparameters.learning_rate"
          value={varied.field}
          error={isRange || varied.values.trim() !== '' ? whole : null}
          onChange={(field) => onChange({ field })}
        />
        {kind === 'random' && (
          <Choice
            label={`Field ${number} is`}
            value={varied.how}
            options={HOW}
            error={null}
            onChange={(how) => onChange({ how: how === 'range' ? 'range' : 'values' })}
          />
        )}
        {isRange ? (
          <Range number={number} varied={varied} at={at} errors={errors} onChange={onChange} />
        ) : (
          <TextField
            label={`Values of field ${number}`}
            hint="with commas: 0.001, 0.002"
            value={varied.values}
            error={varied.values.trim() === '' ? (whole ?? valuesMessage(errors, at)) : valuesMessage(errors, at)}
            onChange={(values) => onChange({ values })}
          />
        )}
      </div>
      <button type="button" aria-label={`Remove field ${number}`} onClick={onRemove}>
        Remove
      </button>
    </fieldset>
  )
}

/** Of one of the values, whose place in the list the pointer ends with. */
const valuesMessage = (errors: readonly FieldProblem[], at: string): string | null =>
  fieldMessage(errors, `${at}/values`) ?? errors.find(({ path }) => path.startsWith(`${at}/`))?.message ?? null

type RangeProps = Pick<Props, 'number' | 'varied' | 'errors' | 'onChange'> & { readonly at: string }

function Range({ number, varied, at, errors, onChange }: RangeProps) {
  const end = (name: 'min' | 'max') => ({
    value: varied[name],
    inputMode: 'decimal' as const,
    error: fieldMessage(errors, `${at}/${name}`),
    onChange: (value: string) => onChange({ [name]: value })
  })
  return (
    <>
      <TextField label={`Least of field ${number}`} {...end('min')} />
      <TextField label={`Most of field ${number}`} {...end('max')} />
      <Choice
        label={`Draws of field ${number}`}
        value={varied.scale}
        options={SCALES}
        error={fieldMessage(errors, `${at}/scale`)}
        onChange={(scale) => onChange({ scale: scale === 'log' ? 'log' : 'linear' })}
      />
    </>
  )
}
