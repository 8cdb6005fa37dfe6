import type { Connection } from '../connection.ts'

/** `enum pptp_ctrlsess_state`; their order counts. */
export const Session = { NONE: 0, ERROR: 1, STOP_REQUESTED: 2, REQUESTED: 3, CONFIRMED: 4 } as const

/** `enum pptp_ctrlcall_state` */
export const Call = {
  NONE: 0,
  OUT_REQUESTED: 2,
  OUT_CONFIRMED: 3,
  IN_REQUESTED: 4,
  IN_REPLIED: 5,
  IN_CONFIRMED: 6,
  CLEAR_REQUESTED: 7,
} as const

/** What is known of a control connection: `struct nf_ct_pptp_master`, and under NAT `struct nf_nat_pptp`. */
export interface PptpState {
  readonly session: number
  readonly call: number
  /** The server's call id, which packets of the client carry. */
  readonly pacCallId: number
  /** The client's call id as the server knows it. */
  readonly pnsCallId: number
  /** The client's call id as the client itself knows it. */
  readonly insidePnsCallId: number
}

const NOTHING_SAID: PptpState = {
  session: Session.NONE,
  call: Call.NONE,
  pacCallId: 0,
  pnsCallId: 0,
  insidePnsCallId: 0,
}

/** The state of a control connection. */
export function pptpStateOf({ helperState }: Connection): PptpState {
  return (helperState as PptpState | undefined) ?? NOTHING_SAID
}
