/** The kernel's clock tick. Rates, credits and time stamps of the stateful matches are counted in it. */

/** CONFIG_HZ of the modelled kernel. */
export const HZ = 250

/** Milliseconds since the firewall's epoch as jiffies. */
export function toJiffies(ms: number): number {
  return Math.floor((ms * HZ) / 1000)
}

/** `msecs_to_jiffies`: rounded up. */
export function jiffiesOf(ms: number): number {
  return Math.ceil((ms * HZ) / 1000)
}
