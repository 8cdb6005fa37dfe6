import type { Origin } from './unknowns.ts'

/** How a command ended. */
export interface Status {
  /** 0 is success; what is assumed where it is not known. */
  readonly code: number
  /** The program that was not run and decides it. */
  readonly origin?: Origin
  /** A file that is not there: the code is taken to be right, though it is a guess. */
  readonly isGuess?: boolean
}

export const SUCCESS: Status = { code: 0 }
export const FAILURE: Status = { code: 1 }

export function statusOf(isTrue: boolean): Status {
  return isTrue ? SUCCESS : FAILURE
}

export function negated(status: Status): Status {
  return { ...status, code: status.code === 0 ? 1 : 0 }
}

/** Both or one of two conditions: one that is known may decide alone. */
export function combined(left: Status, right: Status, isAnd: boolean): Status {
  const decides = (status: Status): boolean => status.origin === undefined && (status.code === 0) !== isAnd
  if (decides(left)) return left
  if (decides(right)) return right
  const { code } = isAnd ? (left.code !== 0 ? left : right) : left.code === 0 ? left : right
  const doubt =
    left.origin !== undefined && left.isGuess !== true ? left : right.origin === undefined ? left : right
  return { ...doubt, code }
}
