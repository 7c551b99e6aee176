/** All protocols that were asked for, or all that can be run, one after the other. */
import { AppError } from '../base/errors.ts'
import { type ChosenSettings, type Evaluation, type LeftOut, PROTOCOLS, type Protocol } from '../base/evaluation.ts'
import { inFirstDimensions } from './first-dimensions.ts'
import { type EvaluationInput, runProtocol, settingsFrom, whyNot } from './protocols.ts'

export interface Asked {
  /** Null: whatever can be run; the rest is told as left out. */
  readonly protocols: readonly Protocol[] | null
  readonly settings: ChosenSettings
  /** Neither run nor told. */
  readonly except?: readonly Pick<LeftOut, 'protocol'>[]
}

export type ProtocolStep =
  | ({ readonly type: 'left_out' } & LeftOut)
  /** It is computed when the next step is asked for: until then whoever follows may leave. */
  | { readonly type: 'begins'; readonly protocol: Protocol }
  | { readonly type: 'measured'; readonly evaluation: Evaluation }

/** @throws AppError evaluation_impossible, before anything is computed, for a protocol that was asked for and cannot be run */
export function* runProtocols(
  input: EvaluationInput,
  { protocols, settings, except = [] }: Asked
): Generator<ProtocolStep, void> {
  const wanted = (name: Protocol) => !except.some(({ protocol }) => protocol === name)
  const asked = PROTOCOLS.filter((name) => (protocols === null || protocols.includes(name)) && wanted(name))
  const possible: Protocol[] = []
  for (const protocol of asked) {
    const reason = whyNot(protocol, input, settings)
    if (reason === null) possible.push(protocol)
    else if (protocols === null) yield { type: 'left_out', protocol, reason }
    else throw new AppError('evaluation_impossible', { message: `${protocol} ${reason}.` })
  }
  const all = settingsFrom(settings)
  const { dimensions } = settings
  const seen = dimensions === undefined ? input : inFirstDimensions(input, dimensions)
  for (const protocol of possible) {
    yield { type: 'begins', protocol }
    const evaluation = runProtocol(protocol, seen, all)
    yield { type: 'measured', evaluation: dimensions === undefined ? evaluation : stating(evaluation, dimensions) }
  }
}

const stating = (evaluation: Evaluation, dimensions: number): Evaluation => ({
  ...evaluation,
  settings: { dimensions, ...evaluation.settings }
})
