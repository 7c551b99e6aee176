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
    ),
    error: Type.Optional(
      Type.Union(
        [
          Type.Object({
            message: Type.String(),
            type: Type.String(),
            param: Type.Union([Type.String(), Type.Null()]),
            code: Type.String()
          }),
          Type.String()
        ],
        {
          description:
            "The same for other clients, where they are at home: an object for OpenAI's at /v1/models and /v1/embeddings, a text for those of the Open Inference Protocol at /v2."
        }
      )
    )
  },
  { $id: 'Problem', description: 'RFC 9457. May carry more fields: ids, limits, the index of an image.' }
)
