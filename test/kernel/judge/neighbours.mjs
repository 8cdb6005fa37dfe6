/**
 * The neighbourhood of recorded cases: their packets and rules, a little changed, cut short, put together in other ways,
 * and answered as the simulator says they would be.
 */
import fc from 'fast-check'
import { readCases } from '../../../dist/cli/case-files.js'
import { writeIpv4Checksum, writeTransportChecksum } from '../../../dist/packet/checksum.js'
import { bytesToHex, hexToBytes } from '../../../dist/packet/hex.js'
import { Packet } from '../../../dist/packet/packet.js'
import { errorAbout } from '../../../dist/testing/make-packet.js'
import { answeredSteps, namePorts } from './answers.mjs'
import { joined, read16, write16 } from './bytes.mjs'
import { mutatePacket, transportOf } from './mutate-packet.mjs'
import { mutateRules, readTables, writeTables } from './mutate-rules.mjs'
import { poolOf } from './pool.mjs'
import { Draw } from './random.mjs'

const MOST_STEPS = 30

/** @param {readonly string[]} files recorded cases (.jsonl, .jsonl.gz) */
export function neighbours(files) {
  return new Neighbours(files.flatMap(readCases).filter(one => !one.reject && one.steps?.length > 0))
}

/** Whole questions for the recorder. They shrink by losing steps, rules and settings. */
class Neighbours extends fc.Arbitrary {
  constructor(cases) {
    super()
    this.cases = cases
    this.lines = new Map()
    for (const { family, rules } of cases)
      for (const table of readTables(rules)) {
        const key = `${family} ${table.name}`
        this.lines.set(key, [...(this.lines.get(key) ?? []), ...table.rules])
      }
  }

  generate(random) {
    const draw = new Draw(random)
    const base = draw.pick(this.cases)
    const { name: _, steps, counters: __, ipset_after: ___, ...rest } = base
    let asked = { ...rest, steps: steps.map(bareStep) }
    asked = this.withRules(asked, draw)
    asked = withSettings(asked, draw)
    asked.steps = this.withSteps(asked, draw)
    if (draw.once(2)) asked.steps = withAnswers(asked, draw)
    asked.steps = asked.steps.slice(0, MOST_STEPS)
    return new fc.Value({ asked: namePorts(paced(asked)) }, undefined)
  }

  withRules(asked, draw) {
    const tables = readTables(asked.rules)
    const sets = new Set([...(asked.ipset ?? '').matchAll(/^create (\S+)/gm)].map(match => match[1]))
    const pool = table => {
      const all = this.lines.get(`${asked.family} ${table}`) ?? []
      const known = all.filter(({ words }) =>
        [...words.matchAll(/(?:match|add|del|map)-set (\S+)/g)].every(([, set]) => sets.has(set)),
      )
      return known
    }
    for (let times = draw.pick([0, 0, 1, 2, 3, 6, 12]); times > 0; times--) mutateRules(tables, draw, pool)
    return { ...asked, rules: writeTables(tables) }
  }

  withSteps(asked, draw) {
    const steps = [...asked.steps]
    const devices = Object.keys(asked.interfaces)
    const pool = poolOf(asked)
    const others = this.cases.filter(
      ({ family, interfaces }) =>
        family === asked.family && Object.keys(interfaces).join() === devices.join(),
    )
    if (draw.once(4)) {
      const other = draw.pick(others).steps.map(bareStep)
      const from = draw.below(other.length)
      steps.splice(draw.below(steps.length + 1), 0, ...other.slice(from, from + 1 + draw.below(6)))
    }
    for (let times = draw.pick([1, 2, 3, 5, 8]); times > 0 && steps.length > 0; times--) {
      const at = draw.below(steps.length)
      const step = steps[at]
      const changed =
        step.hex === undefined
          ? [step]
          : mutatePacket(hexToBytes(step.hex), draw, pool).map(bytes => ({ ...step, hex: bytesToHex(bytes) }))
      draw.weighed([
        [8, () => steps.splice(at, 1, ...changed)],
        [4, () => steps.splice(at + 1, 0, ...changed)],
        [2, () => steps.splice(at, 1)],
        [1, () => steps.splice(draw.below(steps.length + 1), 0, step)],
        [2, () => steps.splice(draw.below(steps.length), 0, ...steps.splice(at, 1))],
        [2, () => step.hex !== undefined && steps.splice(at, 1, elsewhere(step, draw, devices))],
      ])()
    }
    return steps
  }

  canShrinkWithoutContext() {
    return true
  }

  shrink({ asked }) {
    return new fc.Stream(smaller(asked)).map(one => new fc.Value({ asked: one }, undefined))
  }
}

function* smaller(asked) {
  const { steps } = asked
  for (const [from, to] of chunks(steps.length))
    yield { ...asked, steps: [...steps.slice(0, from), ...steps.slice(to)] }
  const tables = readTables(asked.rules)
  const places = tables.flatMap((table, at) => table.rules.map((_, index) => [at, index]))
  for (const [from, to] of chunks(places.length)) {
    const gone = places.slice(from, to)
    const rest = tables.map((table, at) => ({
      ...table,
      rules: table.rules.filter((_, index) => !gone.some(([t, i]) => t === at && i === index)),
    }))
    yield { ...asked, rules: writeTables(rest) }
  }
  for (const gone of tables)
    if (gone.rules.length === 0)
      yield { ...asked, rules: writeTables(tables.filter(table => table !== gone)) }
  if (asked.sysctl !== undefined) {
    const { sysctl, ...rest } = asked
    yield rest
    for (const gone of Object.keys(sysctl)) {
      const { [gone]: _, ...less } = sysctl
      if (Object.keys(less).length > 0) yield { ...asked, sysctl: less }
    }
  }
  if (asked.ipset !== undefined && !/-set/.test(asked.rules)) {
    const { ipset: _, ...rest } = asked
    yield rest
  }
}

/** Halves, quarters … and single ones of so many. */
function* chunks(count) {
  for (let size = Math.ceil(count / 2); size >= 1; size = size === 1 ? 0 : Math.ceil(size / 2))
    for (let from = count - size; ; from -= size) {
      yield [Math.max(0, from), from + size]
      if (from <= 0) break
    }
}

function bareStep({ note: _, expect: { choices = [], cookie } = {}, ...step }) {
  const kept = { ...(choices.length > 0 && { choices }), ...(cookie !== undefined && { cookie }) }
  return { ...step, ...(Object.keys(kept).length > 0 && { expect: kept }) }
}

function paced(asked) {
  return /connlimit/.test(asked.rules) ? { ...asked, pace: true } : asked
}

function elsewhere({ in: _, local: __, ...step }, draw, devices) {
  return draw.once(4) ? { local: true, ...step } : { in: draw.pick(devices), ...step }
}

const SETTINGS = [
  ['net.netfilter.nf_conntrack_tcp_loose', 0],
  ['net.netfilter.nf_conntrack_tcp_be_liberal', 1],
  ['net.netfilter.nf_conntrack_tcp_ignore_invalid_rst', 1],
  ['net.netfilter.nf_conntrack_tcp_max_retrans', 0],
  ['net.netfilter.nf_conntrack_tcp_max_retrans', 1],
  ['net.netfilter.nf_conntrack_checksum', 0],
]

function withSettings(asked, draw) {
  const changed = { ...asked }
  if (draw.once(6)) changed.sysctl = { ...changed.sysctl, ...Object.fromEntries([draw.pick(SETTINGS)]) }
  if (draw.once(10)) changed.conntrack = changed.conntrack === 'on' ? 'auto' : 'on'
  return changed
}

/** Answers to, and complaints about, what leaves the box. */
function withAnswers(asked, draw) {
  const answered = answeredSteps(asked)
  if (answered === undefined) return asked.steps
  const steps = []
  asked.steps.forEach((step, index) => {
    steps.push(step)
    const { out = [], delivered = [] } = answered[index]?.expect ?? {}
    for (const { dev, hex, local } of [...out, ...delivered.map(one => ({ ...one, local: true }))]) {
      if (!draw.once(3)) continue
      const bytes = hexToBytes(hex)
      const answer = draw.once(3) ? complaint(bytes, draw) : reply(bytes)
      if (answer !== undefined)
        steps.push({ ...(local ? { local: true } : { in: dev }), hex: bytesToHex(answer) })
    }
  })
  return steps
}

function complaint(bytes, draw) {
  const [type, code] = draw.pick(
    bytes[0] >> 4 === 4
      ? [
          [3, 3],
          [3, 1],
          [11, 0],
          [3, 4],
          [5, 1],
          [12, 0],
          [4, 0],
        ]
      : [
          [1, 4],
          [1, 0],
          [3, 0],
          [2, 0],
          [4, 1],
        ],
  )
  return errorAbout(new Packet(bytes), type, code, draw.pick([1000, 28, 24, 48]), 1 + draw.below(60000))
    ?.bytes
}

/** The next packet of the other side, as far as a header tells. */
function reply(bytes) {
  const header = transportOf(bytes)
  if (!header.isFirst || bytes.length < header.offset + 8) return undefined
  const { family, offset, protocol } = header
  const size = family === 4 ? 4 : 16
  const at = family === 4 ? 12 : 8
  const ends = joined(bytes.slice(at + size, at + 2 * size), bytes.slice(at, at + size))
  const answer = bytes.slice(0, protocol === 6 ? offset + 20 : bytes.length)
  answer.set(ends, at)
  if ([6, 17, 132, 136].includes(protocol)) {
    write16(answer, offset, read16(bytes, offset + 2))
    write16(answer, offset + 2, read16(bytes, offset))
  }
  if (protocol === 6) tcpReply(bytes, answer, offset)
  else if (protocol === (family === 4 ? 1 : 58))
    answer[offset] =
      family === 4 ? ({ 8: 0, 13: 14, 15: 16, 17: 18 }[bytes[offset]] ?? bytes[offset]) : bytes[offset] ^ 1
  return sealed(answer, family)
}

function tcpReply(asked, answer, offset) {
  if (asked.length < offset + 20) return
  const before = new DataView(asked.buffer, asked.byteOffset)
  const view = new DataView(answer.buffer)
  const flags = asked[offset + 13]
  const length = Math.max(0, asked.length - offset - (asked[offset + 12] >> 4) * 4)
  const next = before.getUint32(offset + 4) + length + (flags & 1) + ((flags >> 1) & 1)
  view.setUint32(offset + 4, flags & 16 ? before.getUint32(offset + 8) : 7000)
  view.setUint32(offset + 8, next >>> 0)
  answer[offset + 12] = 0x50
  answer[offset + 13] = (flags & 0x12) === 2 ? 0x12 : flags & 1 ? 0x11 : 0x10
}

/** The packet with its length and its checksums right. */
function sealed(bytes, family) {
  if (family === 4) {
    write16(bytes, 2, bytes.length)
    writeIpv4Checksum(bytes)
  } else write16(bytes, 4, bytes.length - 40)
  const { protocol, offset } = transportOf(bytes)
  writeTransportChecksum(bytes, family, protocol, offset)
  return bytes
}
