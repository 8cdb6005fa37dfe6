import { Address } from '../address.ts'
import type { FirewallState } from '../state.ts'

/** A device's place on a link. */
export interface Attachment {
  readonly node: number
  readonly device: string
  readonly link: number
}

export interface Link {
  readonly name: string
  /** A switch, where the next hop's address decides who gets a packet; or a cable, where there is only one other end. */
  readonly kind: 'segment' | 'point-to-point'
  readonly delayMs: number
  readonly members: readonly Attachment[]
}

/** What people name as one link: itself, or an internet with all its cables. */
export interface LinkGroup {
  readonly links: readonly number[]
  /** The internet's own node, to which every cable leads. */
  readonly cloud: string | undefined
}

/** Who is connected with whom. Changes only when people rebuild the network. */
export class Topology {
  readonly names: readonly string[]
  readonly indexes: ReadonlyMap<string, number>
  readonly links: readonly Link[]
  /** Link indexes by name; an internet's name leads to all its cables. */
  readonly linkIndexes: ReadonlyMap<string, readonly number[]>
  private readonly groups: readonly LinkGroup[]
  private readonly attachments: readonly ReadonlyMap<string, Attachment>[]
  private readonly owners: readonly AddressOwners[]
  private readonly hosts: ReadonlyMap<string, readonly Address[]>

  constructor(
    names: readonly string[],
    links: readonly Link[],
    linkIndexes: ReadonlyMap<string, readonly number[]>,
    hosts: ReadonlyMap<string, readonly Address[]>,
    engines: (node: number) => FirewallState,
  ) {
    this.names = names
    this.indexes = new Map(names.map((name, index) => [name, index]))
    this.links = links
    this.linkIndexes = linkIndexes
    this.hosts = hosts
    this.groups = groupsOf(links, linkIndexes)
    const attachments = names.map(() => new Map<string, Attachment>())
    for (const link of links)
      for (const member of link.members) attachments[member.node]!.set(member.device, member)
    this.attachments = attachments
    this.owners = links.map(link => AddressOwners.of(link, engines))
  }

  /** The same cables, but addresses may have moved. */
  readdressed(engines: (node: number) => FirewallState): Topology {
    return new Topology(this.names, this.links, this.linkIndexes, this.hosts, engines)
  }

  /** The link, and those that share its name. */
  group(link: number): LinkGroup {
    return this.groups[link]!
  }

  attachment(node: number, device: string): Attachment | undefined {
    return this.attachments[node]?.get(device)
  }

  /** Who on a link has this address. */
  owner(link: number, address: Address): Attachment | undefined {
    return this.owners[link]?.find(address)
  }

  /** Of a host name, or of an address as text. */
  addressesOf(name: string): readonly Address[] {
    const address = Address.tryParse(name)
    return address === undefined ? (this.hosts.get(name.toLowerCase()) ?? []) : [address]
  }

  /** The hosts table. */
  get hostNames(): Iterable<readonly [string, readonly Address[]]> {
    return this.hosts
  }
}

function groupsOf(links: readonly Link[], byName: Topology['linkIndexes']): readonly LinkGroup[] {
  const groups: LinkGroup[] = []
  for (const [name, indexes] of byName)
    for (const index of indexes)
      groups[index] = { links: indexes, cloud: links[index]!.name === name ? undefined : name }
  return groups
}

/** The addresses on a link: what ARP and neighbour discovery would find. */
class AddressOwners {
  private readonly byWord = new Map<number, { address: Address; attachment: Attachment }[]>()

  static of(link: Link, engines: (node: number) => FirewallState): AddressOwners {
    const owners = new AddressOwners()
    for (const attachment of link.members) {
      const { ipv4, ipv6 } = engines(attachment.node).compiled
      for (const { routing } of [ipv4, ipv6])
        for (const { address } of routing.devices.get(attachment.device)?.addresses ?? [])
          owners.add(address, attachment)
    }
    return owners
  }

  private add(address: Address, attachment: Attachment): void {
    const word = wordOf(address)
    const same = this.byWord.get(word)
    if (same === undefined) this.byWord.set(word, [{ address, attachment }])
    else same.push({ address, attachment })
  }

  find(address: Address): Attachment | undefined {
    const same = this.byWord.get(wordOf(address))
    if (same === undefined) return undefined
    for (const owner of same) if (owner.address.equals(address)) return owner.attachment
    return undefined
  }
}

function wordOf({ w0, w1, w2, w3 }: Address): number {
  return w0 ^ Math.imul(w1, 31) ^ Math.imul(w2, 37) ^ Math.imul(w3, 41)
}
