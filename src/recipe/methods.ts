import type { Method } from './schema.ts'

export interface MethodParts {
  /** log C_p is part of the logits, so that prototypes are von Mises–Fisher components with their own κ. */
  readonly vmf: boolean
  /** Patches of the student's global crops are hidden and predicted: the recipe has the group `ibot`. */
  readonly masked: boolean
}

/** What the four methods are made of; nothing else may depend on a method's name. */
export const METHOD_PARTS: Readonly<Record<Method, MethodParts>> = {
  dino: { vmf: false, masked: false },
  'dino-vmf': { vmf: true, masked: false },
  ibot: { vmf: false, masked: true },
  'ibot-vmf': { vmf: true, masked: true }
}

export const strayIbot = (method: Method): string => `belongs to ibot and ibot-vmf, and the method is ${method}`
