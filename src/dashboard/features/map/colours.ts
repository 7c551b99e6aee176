/** What colours say of points. */
import type { VectorMap } from '../../../client/resources.ts'

export const COLOURINGS = ['label', 'prototype', 'density'] as const
export type Colouring = (typeof COLOURINGS)[number]

export const COLOURING_WORDS: Readonly<Record<Colouring, string>> = {
  label: 'label',
  prototype: 'prototype',
  density: 'density under the fitted mixture'
}

type Rgb = readonly [red: number, green: number, blue: number]

export interface Colours {
  /** Red, green, blue of each point. */
  readonly values: Uint8Array<ArrayBuffer>
  readonly legend: readonly { readonly name: string; readonly colour: string }[]
  /** Kinds beyond those in the legend. */
  readonly left: number
}

/** Of which there is something to say. */
export const colouringsOf = ({ label, prototype, log_density: density }: VectorMap): readonly Colouring[] =>
  COLOURINGS.filter((one) =>
    one === 'label' ? label.some((value) => value !== null) : (one === 'prototype' ? prototype : density) !== null
  )

/** In a legend more names than these are read by nobody. */
const MOST_NAMED = 12
/** Of what has no label, or nothing else to tell. */
const GREY: Rgb = [128, 134, 145]
/** Dense to sparse, at 3:1 or more on both grounds (tokens.css). */
const RAMP: readonly Rgb[] = [
  [70, 100, 200],
  [38, 140, 150],
  [112, 158, 58],
  [206, 120, 30],
  [196, 48, 60]
]

export function coloursOf(map: VectorMap, colouring: Colouring | null): Colours {
  if (colouring === null) return { values: filled(map.x.length, () => GREY), legend: [], left: 0 }
  if (colouring === 'density') return byDensity(map.log_density ?? [])
  const kinds = colouring === 'label' ? map.label : (map.prototype ?? [])
  const nameOf = (kind: number) => (colouring === 'label' ? (map.labels[kind] ?? String(kind)) : `prototype ${kind}`)
  return byKind(kinds, nameOf)
}

function byKind(kinds: readonly (number | null)[], nameOf: (kind: number) => string): Colours {
  const counts = new Map<number, number>()
  for (const kind of kinds) if (kind !== null) counts.set(kind, (counts.get(kind) ?? 0) + 1)
  const common = [...counts].sort(([, one], [, other]) => other - one).map(([kind]) => kind)
  // By how common they are: neighbours of the legend differ most.
  const colours = new Map(common.map((kind, rank) => [kind, kindColour(rank)]))
  return {
    values: filled(kinds.length, (i) => colours.get(kinds[i] ?? -1) ?? GREY),
    legend: common.slice(0, MOST_NAMED).map((kind) => ({
      name: `${nameOf(kind)} (${(counts.get(kind) ?? 0).toLocaleString('en')})`,
      colour: css(colours.get(kind) ?? GREY)
    })),
    left: Math.max(0, common.length - MOST_NAMED)
  }
}

/** By rank, since a few far outliers would take all colours. */
function byDensity(densities: readonly (number | null)[]): Colours {
  const known = densities.map((density, i) => [density, i] as const).filter(([density]) => density !== null)
  known.sort(([one], [other]) => (other ?? 0) - (one ?? 0))
  const ranks = new Map(known.map(([, i], rank) => [i, rank / Math.max(1, known.length - 1)]))
  const values = filled(densities.length, (i) => {
    const rank = ranks.get(i)
    return rank === undefined ? GREY : onRamp(rank)
  })
  const names = ['densest', '', 'median', '', 'sparsest: what the model knows least']
  const legend = RAMP.map((colour, step) => ({ name: names[step] ?? '', colour: css(colour) }))
  return { values, legend: legend.filter(({ name }) => name !== ''), left: 0 }
}

function onRamp(share: number): Rgb {
  const at = share * (RAMP.length - 1)
  const from = RAMP[Math.floor(at)] ?? GREY
  const to = RAMP[Math.ceil(at)] ?? from
  const mix = (one: number, other: number) => Math.round(one + (other - one) * (at % 1))
  return [mix(from[0], to[0]), mix(from[1], to[1]), mix(from[2], to[2])]
}

/** Relative luminances (WCAG) that keep 3:1 on white and on the dark surface, which takes 0.14 to 0.30. */
const LUMINANCES = [0.22, 0.155, 0.285]
const HALVINGS = 12

/**
 * Hues a golden angle apart, so that any number of them are apart; at three luminances. Of one HSL lightness, blue is too
 * dark for dark ground and yellow too light for white.
 */
function kindColour(rank: number): Rgb {
  const hue = (rank * 137.508 + 220) % 360
  const wanted = LUMINANCES[Math.floor(rank / 8) % LUMINANCES.length] ?? 0.22
  let [low, high] = [0, 1]
  for (let halving = 0; halving < HALVINGS; halving++) {
    const middle = (low + high) / 2
    if (luminanceOf(fromHsl(hue, 0.65, middle)) < wanted) low = middle
    else high = middle
  }
  return fromHsl(hue, 0.65, high)
}

export function luminanceOf(colour: Rgb): number {
  const [red, green, blue] = colour.map((value) => {
    const share = value / 255
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4
  }) as [number, number, number]
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue
}

function fromHsl(hue: number, saturation: number, lightness: number): Rgb {
  const chroma = saturation * Math.min(lightness, 1 - lightness)
  const channel = (n: number) => {
    const k = (n + hue / 30) % 12
    return Math.round(255 * (lightness - chroma * Math.max(-1, Math.min(k - 3, 9 - k, 1))))
  }
  return [channel(0), channel(8), channel(4)]
}

const css = ([red, green, blue]: Rgb): string => `rgb(${red} ${green} ${blue})`

function filled(count: number, colourOf: (i: number) => Rgb): Uint8Array<ArrayBuffer> {
  const values = new Uint8Array(3 * count)
  for (let i = 0; i < count; i++) values.set(colourOf(i), 3 * i)
  return values
}
