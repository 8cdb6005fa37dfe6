/**
 * Addresses in messages of SNMP, versions 1 and 2c (RFC 1157, RFC 3416), found as the kernel finds them: by a program
 * over tags of BER, which lib/asn1_decoder.c runs and net/ipv4/netfilter/nf_nat_snmp_basic.asn1 is made into.
 */

const INTEGER = 0x02
const OCTETS = 0x04
const NULL = 0x05
const OBJECT = 0x06
const SEQUENCE = 0x30
const CONSTRUCTED = 0x20
const LONG_TAG = 0x1f
const INDEFINITE = 0x80
const application = (tag: number): number => 0x40 | tag
const context = (tag: number): number => 0x80 | tag

/** How deep constructed values may lie in each other. */
const MOST_LEVELS = 10

/** One step of the program: what comes next. */
interface Step {
  /** A value with this tag, the end of a constructed one, or of one of which each part begins with step `to`. */
  readonly next: number | 'end' | 'end-of-parts'
  /** Another tag is no mistake, nor is the end of the data. */
  readonly optional?: boolean
  /** Not looked for if the step before has found its value. */
  readonly otherwise?: boolean
  readonly meaning?: 'version' | 'address' | 'pdu'
  readonly to?: number
}
/** The step before must have found its value. */
const FOUND = 'found'
type Program = readonly (Step | typeof FOUND)[]

/** Three numbers, and pairs of a name and a value. */
const PDU: Program = [
  { next: INTEGER },
  { next: INTEGER },
  { next: INTEGER },
  { next: SEQUENCE },
  // step 4: every pair begins here
  { next: SEQUENCE },
  { next: OBJECT },
  { next: INTEGER, optional: true },
  { next: OCTETS, optional: true, otherwise: true },
  { next: OBJECT, optional: true, otherwise: true },
  { next: application(0), optional: true, meaning: 'address' },
  ...[1, 3, 4, 6, 2].map(tag => ({ next: application(tag), optional: true })),
  { next: NULL, optional: true, otherwise: true },
  ...[0, 1, 2].map(tag => ({ next: context(tag), optional: true, otherwise: true })),
  FOUND,
  { next: 'end' },
  { next: 'end-of-parts', to: 4 },
  { next: 'end' },
]

const MESSAGE: Program = [
  { next: SEQUENCE },
  { next: INTEGER, meaning: 'version' },
  { next: OCTETS },
  ...[0, 1, 5, 2, 3, 6, 7, 8].map(tag => ({
    next: context(tag) | CONSTRUCTED,
    optional: true,
    meaning: 'pdu' as const,
  })),
  FOUND,
  { next: 'end' },
]

/**
 * Reads a message, and tells of every address in its values (`IpAddress`) before it goes on.
 *
 * @param start,end where it stands in the bytes; what follows the message is not looked at
 * @param onAddress the offset of the four bytes of an address
 * @returns false for what is no message of SNMP 1 or 2c; addresses before the mistake have been told
 */
export function readSnmp(
  bytes: Uint8Array,
  start: number,
  end: number,
  onAddress: (offset: number) => void,
): boolean {
  return new Reader(bytes, start, end, onAddress).run(MESSAGE)
}

class Reader {
  private readonly bytes: Uint8Array
  private at: number
  private end: number
  private readonly onAddress: (offset: number) => void
  /** Of each constructed value that it is in: where the value around it ends; undefined: its own length is not told. */
  private readonly around: (number | undefined)[] = []
  private found = false

  constructor(bytes: Uint8Array, start: number, end: number, onAddress: (offset: number) => void) {
    this.bytes = bytes
    this.at = start
    this.end = end
    this.onAddress = onAddress
  }

  run(program: Program): boolean {
    for (let at = 0; at < program.length; ) {
      const step = program[at]!
      if (step === FOUND) {
        if (!this.found) return false
        at++
      } else if (typeof step.next === 'number') {
        if (!this.value(step, step.next)) return false
        at++
      } else {
        const ended = this.leave(step.next === 'end-of-parts')
        if (ended === 'mistake') return false
        at = ended === 'more' ? step.to! : at + 1
      }
    }
    return true
  }

  /** Over a value, or into a constructed one. False: a mistake. */
  private value({ optional = false, otherwise = false, meaning }: Step, wanted: number): boolean {
    if ((otherwise && this.found) || (optional && this.at === this.end)) return true
    this.found = false
    if (this.at >= this.end - 1) return false
    const tag = this.bytes[this.at]!
    if ((tag & LONG_TAG) === LONG_TAG) return false
    const isConstructed = (wanted & CONSTRUCTED) !== 0
    if (isConstructed ? (tag | CONSTRUCTED) !== wanted : tag !== wanted) return optional
    this.found = true
    this.at++
    const length = this.length(tag)
    if (length === undefined) return false
    if (isConstructed) return this.enter(length) && (meaning !== 'pdu' || this.run(PDU))
    if (length === 'until-told') return false
    if (meaning === 'version' && (length !== 1 || this.bytes[this.at]! > 1)) return false
    if (meaning === 'address') {
      if (length !== 4) return false
      this.onAddress(this.at)
    }
    this.at += length
    return true
  }

  private length(tag: number): number | 'until-told' | undefined {
    const first = this.bytes[this.at++]!
    if (first === INDEFINITE)
      return (tag & CONSTRUCTED) === 0 || this.end - this.at < 2 ? undefined : 'until-told'
    let length = first
    if (first > INDEFINITE) {
      const count = first - INDEFINITE
      if (count > 2 || count > this.end - this.at) return undefined
      length = 0
      for (let i = 0; i < count; i++) length = (length << 8) | this.bytes[this.at++]!
    }
    return length > this.end - this.at ? undefined : length
  }

  private enter(length: number | 'until-told'): boolean {
    if (this.around.length >= MOST_LEVELS) return false
    this.around.push(length === 'until-told' ? undefined : this.end)
    if (length !== 'until-told') this.end = this.at + length
    return true
  }

  private leave(hasParts: boolean): 'done' | 'more' | 'mistake' {
    const outer = this.around.at(-1)
    if (outer === undefined) {
      // two zeros tell the end
      if (this.end - this.at < 2) return 'mistake'
      if (this.bytes[this.at] !== 0) return hasParts ? 'more' : 'mistake'
      if (this.bytes[this.at + 1] !== 0) return 'mistake'
      this.at += 2
    } else {
      if (this.at < this.end && hasParts) return 'more'
      if (this.at !== this.end) return 'mistake'
      this.end = outer
    }
    this.around.pop()
    return 'done'
  }
}
