import { type FieldProblem, fieldMessage } from '../../../client/problem.ts'
import { TextField } from '../../components/text-field.tsx'
import { DatasetSelect } from '../datasets/dataset-select.tsx'
import { heardSettings, type PlanForm, type PlanProtocol } from './plan-form.ts'

interface Props {
  readonly plan: PlanForm
  readonly protocols: readonly PlanProtocol[]
  /** What no dataset means; without it one must be chosen. */
  readonly emptyDataset?: string
  readonly errors: readonly FieldProblem[]
  /** Where the request has the plan: a JSON pointer. */
  readonly at: string
  readonly onChange: (patch: Partial<PlanForm>) => void
}

/** On which images, by which protocols, with what settings. */
export function PlanFields({ plan, protocols, emptyDataset, errors, at, onChange }: Props) {
  return (
    <>
      <div className="fields">
        <DatasetSelect
          label="Images that vote"
          hint="the bank: it votes, or is learned from"
          {...(emptyDataset !== undefined && { empty: emptyDataset })}
          value={plan.dataset}
          error={fieldMessage(errors, `${at}/dataset`)}
          onChange={(dataset) => onChange({ dataset })}
        />
        <DatasetSelect
          label="Images judged"
          hint="each without itself; held-out images tell most"
          empty="the same"
          value={plan.queries}
          error={fieldMessage(errors, `${at}/queries`)}
          onChange={(queries) => onChange({ queries })}
        />
      </div>
      <Protocols
        names={protocols}
        chosen={plan.protocols}
        error={fieldMessage(errors, `${at}/protocols`)}
        onChange={(chosen) => onChange({ protocols: chosen })}
      />
      <div className="fields">
        {heardSettings(plan).map(({ name, label, hint, isList }) => (
          <TextField
            key={name}
            label={label}
            hint={hint}
            error={fieldMessage(errors, `${at}/settings/${name}`)}
            value={plan.settings[name] ?? ''}
            inputMode={isList ? 'text' : 'numeric'}
            onChange={(value) => onChange({ settings: { ...plan.settings, [name]: value } })}
          />
        ))}
      </div>
    </>
  )
}

interface ProtocolsProps {
  readonly names: readonly PlanProtocol[]
  readonly chosen: readonly PlanProtocol[]
  readonly error: string | null
  readonly onChange: (chosen: readonly PlanProtocol[]) => void
}

function Protocols({ names, chosen, error, onChange }: ProtocolsProps) {
  const toggle = (name: PlanProtocol) =>
    onChange(names.filter((one) => (one === name ? !chosen.includes(one) : chosen.includes(one))))
  return (
    <fieldset className="scopes">
      <legend>Protocols</legend>
      {names.map((name) => (
        <label key={name}>
          <input type="checkbox" checked={chosen.includes(name)} onChange={() => toggle(name)} /> {name}
        </label>
      ))}
      <p className={error === null ? 'muted small wide' : 'field-error small wide'}>
        {error ?? 'None: all that images and model allow, but linear and finetune, which train for minutes to hours.'}
      </p>
    </fieldset>
  )
}
