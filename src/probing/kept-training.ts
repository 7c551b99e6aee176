/**
 * Training of a protocol that goes on where it was cut short. Crops, order and rates follow from seed and epoch, so what goes
 * on after a kept epoch ends in the numbers that it would have had.
 */

/** After an epoch. */
export interface KeptTraining {
  /** Epochs that are over; where several rates are trained, of all of them one after the other. */
  readonly place: number
  readonly tensors: Readonly<Record<string, Float32Array>>
  /** What is no tensor, by name. */
  readonly notes: Readonly<Record<string, string>>
}

export interface TrainingKeeper {
  /** What an earlier attempt has kept; null where there is none. */
  readonly found: KeptTraining | null
  /** Asked after every epoch; reads the state only when it is time to keep it. @throws AppError storage_full */
  keep(place: number, read: () => Promise<Omit<KeptTraining, 'place'>>): Promise<void>
}

/** Whether these are the tensors that are wanted: other code may have kept others. */
export const fits = (kept: KeptTraining['tensors'], wanted: Readonly<Record<string, Float32Array>>): boolean =>
  Object.keys(wanted).every((name) => kept[name]?.length === wanted[name]!.length)

/** Those whose names begin so, without that. */
export const withPrefix = (tensors: KeptTraining['tensors'], prefix: string): Record<string, Float32Array> =>
  Object.fromEntries(
    Object.entries(tensors)
      .filter(([name]) => name.startsWith(prefix))
      .map(([name, values]) => [name.slice(prefix.length), values])
  )

export const prefixed = (tensors: KeptTraining['tensors'], prefix: string): Record<string, Float32Array> =>
  Object.fromEntries(Object.entries(tensors).map(([name, values]) => [`${prefix}${name}`, values]))
