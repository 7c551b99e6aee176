import { Type } from 'typebox'
import { ERROR_CATALOGUE } from '../../base/errors.ts'

export const Problem = Type.Object(
  {
    type: Type.String({ description: 'urn:kappa:problem:<code>' }),
    title: Type.String(),
    status: Type.Integer(),
    detail: Type.String(),
    code: Type.Enum(Object.keys(ERROR_CATALOGUE)),
    request_id: Type.String(),
    errors: Type.Optional(
      Type.Array(
        Type.Object({
          pointer: Type.Optional(Type.String({ description: 'JSON pointer into the body.' })),
          parameter: Type.Optional(Type.String({ description: 'Name of a parameter or header.' })),
          detail: Type.String()
        })
      )
    )
  },
  { $id: 'Problem', description: 'RFC 9457. May carry more fields: ids, limits, the index of an image.' }
)
