export interface FieldForm {
  /** Of a request that can be made once only: a new one each time. */
  readonly make: () => Promise<{ readonly body: object; readonly path?: string }>
  /** Where the fixtures of every-operation.ts have none that is right. */
  readonly path?: string
  /** Other values, by pointers, where the next one of the schema is not right. */
  readonly others?: Readonly<Record<string, unknown>>
  /** Fields that act by refusing every other value. */
  readonly refused?: Readonly<Record<string, { readonly status: number; readonly names: string }>>
  /** What tells more of what was made than its answer does. */
  readonly look?: (id: string) => Promise<string>
  /** Numbers in the answer that count how often something was asked for. */
  readonly counts?: RegExp
}

export const fixed = (body: object, more: Omit<FieldForm, 'make'> = {}): FieldForm => ({
  make: async () => ({ body }),
  ...more
})
