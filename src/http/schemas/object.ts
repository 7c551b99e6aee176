/** Objects are bytes: what is said about them is in headers. */
import { type TProperties, Type } from 'typebox'
import { Binary } from './serving.ts'

const RAW = 'application/octet-stream'
const bytes = { [RAW]: { schema: Binary } }

const header = (description: string, schema: object = Type.String()) => ({ description, schema })
const ETag = header('Strong: another one when the bytes are others.')
const length = header('Bytes of the body.', Type.Integer())
const AcceptRanges = header('`bytes`', Type.Literal('bytes'))
const ContentDisposition = header('The name to keep it under.')
const of = { ETag, 'Accept-Ranges': AcceptRanges }

/** Clients send headers of their own, so others are never refused. */
const headers = (properties: TProperties) => Type.Object(properties)

export const RangeHeaders = headers({
  range: Type.Optional(Type.String({ description: 'One range: `bytes=0-99`, `bytes=100-` or `bytes=-100`.' })),
  'if-range': Type.Optional(Type.String({ description: 'The ETag that the range is of; else the whole is sent.' }))
})

export const ObjectPart = { content: bytes }

export const StoredPart = {
  description: 'Stored; no body.',
  headers: { ETag: header('What completing the upload wants of this part.') },
  content: {}
}

export const WholeObject = {
  description: 'All bytes.',
  headers: { ...of, 'Content-Length': length, 'Content-Disposition': ContentDisposition },
  content: bytes
}

export const RangeOfObject = {
  description: 'The bytes of the range.',
  headers: {
    ...WholeObject.headers,
    'Content-Range': header('`bytes 0-99/1000`: the first and the last byte, and how many the object has.')
  },
  content: bytes
}

export const ObjectHead = { ...WholeObject, description: 'As GET would answer; no body.', content: {} }

export const NotModified = { description: 'Not modified.', headers: of, content: {} }
