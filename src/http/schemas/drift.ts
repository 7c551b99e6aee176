import { type Static, Type } from 'typebox'
import { DRIFT_DEFAULTS, type DriftSettings } from '../../domain/drift.ts'
import type { Drift as DomainDrift, JudgedWindow } from '../../services/drift/drift.ts'
import { LOW_SHARES } from '../../services/drift/judge.ts'
import { closed, Nullable, Resource, Timestamp, timestampOrNull } from './common.ts'

/** Of a window, those that differ most. */
const SHOWN_GROUPS = 10
/** Prototypes of a group that are named. */
const SHOWN_MEMBERS = 20

const settings = {
  enabled: Type.Boolean({ description: 'Whether served images are counted.' }),
  window_images: Type.Integer({
    minimum: 500,
    maximum: 1_000_000,
    description: `A window ends with so many images, or a few more. ${DRIFT_DEFAULTS.windowImages} unless it is set.`
  }),
  psi_over: Type.Number({
    minimum: 0.01,
    maximum: 10,
    description: `A window of a larger psi is over. ${DRIFT_DEFAULTS.psiOver} unless it is set.`
  }),
  low_density_over: Type.Number({
    minimum: 0.01,
    maximum: 1,
    description: `A window with a larger share of images below the 5th percentile of training is over. ${DRIFT_DEFAULTS.lowDensityOver} unless it is set.`
  })
}

export const UpdateDrift = Type.Partial(Type.Object(settings, closed), {
  ...closed,
  $id: 'UpdateDrift',
  minProperties: 1,
  examples: [{ enabled: true, window_images: 5000 }]
})

const Group = Type.Object({
  prototypes: Type.Array(Type.Integer(), {
    description: `At most ${SHOWN_MEMBERS} of them, of those that a training image has.`
  }),
  prototypes_in_all: Type.Integer({ description: 'Likewise.' }),
  images: Type.Integer(),
  expected_images: Type.Number({ description: 'By the share that training images have.' }),
  psi: Type.Number({ description: 'Its part of the whole.' })
})

const low = {
  share: Type.Number(),
  expected: Type.Number(),
  by_chance: Type.Number({ description: 'One window in a thousand has more where nothing has changed.' })
}

const Density = Type.Object({
  images: Type.Integer({ description: 'Whose density was known.' }),
  below_p1: Type.Object(low),
  below_p5: Type.Object(low),
  limit: Type.Number({ description: 'Of below_p5: low_density_over, or by_chance where that is more.' })
})

const DriftWindow = Type.Object(
  {
    number: Type.Integer({ description: 'From 1.' }),
    started_at: Timestamp,
    ended_at: Nullable(Timestamp),
    images: Type.Integer(),
    psi: Nullable(
      Type.Number({
        description:
          'Population stability index by prototype; null of too few images, or where all are of one prototype.'
      })
    ),
    psi_expected: Nullable(Type.Number({ description: 'Its mean by sampling alone, where nothing has changed.' })),
    psi_limit: Nullable(
      Type.Number({
        description:
          'psi_over, or what one window in a thousand has more of where nothing has changed, if that is more.'
      })
    ),
    groups: Type.Array(Group, {
      description: `The ${SHOWN_GROUPS} that differ most. Prototypes of which fewer than 50 images are expected are put together.`
    }),
    density: Nullable(Density),
    over: Type.Boolean({ description: 'Once it has ended as it was judged then; before, as it is now.' })
  },
  { $id: 'DriftWindow' }
)

export const Drift = Resource(
  {
    object: Type.Literal('drift'),
    model: Type.String(),
    ...settings,
    over_since: Nullable(Timestamp),
    posterior: Type.Enum(['teacher', 'model'], {
      description: 'Only what is assigned by it, at its temperature, is counted.'
    }),
    training_images: Type.Integer({ description: 'That windows are held against.' }),
    window: Nullable(DriftWindow),
    ended: Type.Array(DriftWindow, { description: 'The last twenty, newest first.' })
  },
  'Drift'
)

export const readDriftSettings = (body: Static<typeof UpdateDrift>): Partial<DriftSettings> => ({
  ...(body.enabled !== undefined && { isEnabled: body.enabled }),
  ...(body.window_images !== undefined && { windowImages: body.window_images }),
  ...(body.psi_over !== undefined && { psiOver: body.psi_over }),
  ...(body.low_density_over !== undefined && { lowDensityOver: body.low_density_over })
})

/** What a PATCH changes of it. */
export const presentDriftSettings = (watch: DriftSettings) => ({
  enabled: watch.isEnabled,
  window_images: watch.windowImages,
  psi_over: watch.psiOver,
  low_density_over: watch.lowDensityOver
})

export const presentDrift = ({ watch, mixture, windows }: DomainDrift): Static<typeof Drift> => {
  const open = windows.find(({ endedAt }) => endedAt === null)
  return {
    object: 'drift',
    model: watch.modelId,
    ...presentDriftSettings(watch),
    over_since: timestampOrNull(watch.overSince),
    posterior: mixture.posterior,
    training_images: mixture.images,
    window: open ? presentWindow(open) : null,
    ended: windows.filter(({ endedAt }) => endedAt !== null).map(presentWindow)
  }
}

function presentWindow({ judged, ...window }: JudgedWindow): Static<typeof DriftWindow> {
  const { stability, density, isOver } = judged
  return {
    number: window.number,
    started_at: window.startedAt.toISOString(),
    ended_at: timestampOrNull(window.endedAt),
    images: window.images,
    psi: stability?.psi ?? null,
    psi_expected: stability?.expected ?? null,
    psi_limit: stability?.limit ?? null,
    groups: groupsOf(stability, window.images),
    density: density && {
      images: density.images,
      below_p1: { share: density.p1.share, expected: LOW_SHARES.p1, by_chance: density.p1.chance },
      below_p5: { share: density.p5.share, expected: LOW_SHARES.p5, by_chance: density.p5.chance },
      limit: density.limit
    },
    over: window.isOver ?? isOver
  }
}

function groupsOf(stability: JudgedWindow['judged']['stability'], images: number): Static<typeof Group>[] {
  if (stability === null) return []
  const trained = stability.groups.reduce((sum, { old }) => sum + old, 0)
  return [...stability.groups]
    .sort((one, other) => other.part - one.part)
    .slice(0, SHOWN_GROUPS)
    .map(({ members, old, fresh, part }) => ({
      prototypes: members.slice(0, SHOWN_MEMBERS),
      prototypes_in_all: members.length,
      images: fresh,
      expected_images: (images * old) / trained,
      psi: part
    }))
}
