/** What a run begins from, as it is asked for and as it is told of. */
import { type Static, Type } from 'typebox'
import { INIT_HEADS, INIT_SOURCES, type InitRecord } from '../../recipe/init-record.ts'
import type { InitWish } from '../../services/runs/inits.ts'
import { closed, Id, Nullable, Sha256 } from './common.ts'

const head = Type.Optional(
  Type.Enum([...INIT_HEADS], {
    description:
      '`taken`: MLP and prototypes of the init, the default where their sizes fit. `seeded`: a new MLP, and prototypes ' +
      'where it sees clusters of the images, the default otherwise. `new`: both drawn.'
  })
)

export const InitRequest = Type.Union(
  [
    Type.Object({ model: Id, head }, closed),
    Type.Object({ checkpoint: Id, head }, { ...closed, description: "The checkpoint's teacher." }),
    Type.Null({ description: 'Random weights.' })
  ],
  { $id: 'InitRequest', examples: [{ model: 'mdl_01jexample' }, { checkpoint: 'ckpt_01jexample', head: 'seeded' }] }
)

export const Init = Type.Object(
  {
    source: Type.Enum([...INIT_SOURCES]),
    id: Type.String(),
    sha256: Sha256,
    head: Type.Enum([...INIT_HEADS]),
    resampled_from: Nullable(
      Type.Integer({
        description: 'Pixels that the positions are stored for; null where the crops have the same size.'
      })
    )
  },
  { $id: 'Init', description: 'What the run begins from.' }
)

export function readInit(init: Static<typeof InitRequest> | undefined): InitWish | null {
  if (init === undefined || init === null) return null
  const { head } = init
  return 'model' in init
    ? { source: 'model', id: init.model, head }
    : { source: 'checkpoint', id: init.checkpoint, head }
}

export const presentInit = ({ source, from, sha256, head, resampledFrom }: InitRecord): Static<typeof Init> => ({
  source,
  id: from,
  sha256,
  head,
  resampled_from: resampledFrom
})
