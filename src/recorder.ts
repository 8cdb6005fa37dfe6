/** Takes the steps of a trace as they happen. Absent on the fast path: `recorder?.add(…)`, arguments built only when it is there. */
export interface Recorder<Step> {
  add(step: Step): void
}
