/** Which runs a list shows. */
import { Type } from 'typebox'
import { RUN_STATUSES } from '../../domain/run.ts'
import { closed, MetadataName, namedQuery, Text } from './common.ts'

export const RunQuery = Type.Object(
  {
    ...namedQuery,
    order: Type.Optional(Type.Enum(['newest', 'oldest'], { default: 'newest', description: 'What comes first.' })),
    status: Type.Optional(Type.Enum([...RUN_STATUSES])),
    dataset: Type.Optional(Text({ maxLength: 100 })),
    sweep: Type.Optional(Text({ maxLength: 100 })),
    archived: Type.Optional(
      Type.Boolean({ description: 'Those that were archived, or those that were not; both by default.' })
    ),
    metadata: Type.Optional(
      Type.Record(MetadataName, Text({ maxLength: 512 }), {
        maxProperties: 16,
        ...closed,
        description: 'metadata[key]=value, as often as wanted.'
      })
    )
  },
  closed
)
