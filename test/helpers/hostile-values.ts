/** Values that no field takes, by what the field's schema says it is. A body's are JSON source: some have no value in JavaScript. */
export interface FieldSchema {
  readonly type?: string
  readonly format?: string
  readonly enum?: readonly unknown[]
  readonly const?: unknown
  readonly minimum?: number
  readonly exclusiveMinimum?: number
  readonly maximum?: number
  readonly exclusiveMaximum?: number
  readonly minLength?: number
  readonly maxLength?: number
  readonly pattern?: string
  readonly description?: string
}

/** Percent-encoded, as a URL has them. */
const URL_TEXTS = ['%00', 'a%00b', '%ff', '%ed%a0%80', '%c0%80', '%e2%82', '%zz', '%']
const URL_INTEGERS = [
  ...['2147483648', '9007199254740993', '99999999999999999999', '-2147483649', '1e400', '1e3', '1.5', '1.0', '0x10'],
  ...['true', 'NaN', 'Infinity', '', '%201', '1%00', '%ff', '١']
]

/** JSON source. */
const TEXTS = ['"a\\u0000b"', '"\\ud800"', '"\\udc00\\ud800"', '7', 'true', '{}', '[]']
const INTEGERS = ['1e400', '-1e400', '1.5', '"7"', 'true', '{}', '[]', '99999999999999999999', '-99999999999999999999']
const NUMBERS = ['1e400', '-1e400', '"0.5"', 'true', '{}', '[]']
const TIMES = [
  ...[
    '"9999-12-31T23:59:60Z"',
    '"2027-02-30T00:00:00Z"',
    '"2027-01-01T24:00:00Z"',
    '"2027-01-01"',
    '"2027-13-01T00:00:00Z"'
  ],
  ...[
    '"9999-12-31T23:59:59-23:59"',
    '"0000-01-01T00:00:00Z"',
    '"+010000-01-01T00:00:00Z"',
    '"2027-01-01T00:00:00Z[UTC]"'
  ],
  ...['"2027-01-01T00:00:00"', '"now"', '"2027-01-01T00:00:00+24:00"', '"2027-01-01 00:00:00Z"', '""']
]

const beyond = ({ minimum, exclusiveMinimum, maximum, exclusiveMaximum }: FieldSchema): string[] => [
  ...(minimum === undefined ? [] : [String(minimum - 1)]),
  ...(exclusiveMinimum === undefined ? [] : [String(exclusiveMinimum)]),
  ...(maximum === undefined ? [] : [String(maximum + 1)]),
  ...(exclusiveMaximum === undefined ? [] : [String(exclusiveMaximum)])
]

const outOfLength = ({ minLength = 0, maxLength }: FieldSchema): string[] => [
  ...(minLength > 0 ? [''] : []),
  ...(maxLength === undefined ? [] : ['x'.repeat(maxLength + 1)])
]

export function hostileUrlTexts(schema: FieldSchema): string[] {
  if (schema.type === 'integer' || schema.type === 'number') {
    const whole =
      schema.type === 'integer' ? URL_INTEGERS : URL_INTEGERS.filter((text) => !/^[1-9.e]+\d$|^1\.0$/.test(text))
    return [...whole, ...beyond(schema)]
  }
  const wrong = schema.enum ? ['nothing'] : []
  return [...URL_TEXTS, ...wrong, ...outOfLength(schema).filter((text) => text.length < 4000)]
}

export function hostileJson(schema: FieldSchema): string[] {
  if (schema.const !== undefined || schema.enum) {
    return [...TEXTS, '"nothing"'].filter((text) => !schema.enum?.includes(JSON.parse(text)))
  }
  if (schema.format === 'date-time') return [...TEXTS, ...TIMES]
  if (schema.type === 'string') {
    const blank =
      schema.pattern === undefined || new RegExp(schema.pattern).test('   ') ? [] : ['   ', '\t\n\u00a0\u3000']
    return [...TEXTS, ...[...outOfLength(schema), ...blank].map((text) => JSON.stringify(text))]
  }
  if (schema.type === 'integer') return [...INTEGERS, ...beyond(schema)]
  if (schema.type === 'number') return [...NUMBERS, ...beyond(schema)]
  if (schema.type === 'boolean') return ['"true"', '1', '{}', '[]']
  throw new Error(`a field of a request has a schema without hostile values: ${JSON.stringify(schema)}`)
}
