/**
 * Conversations whose payload announces further connections, as conntrack's helpers read them. `{address}` is the
 * speaker's own address, `{octets}` the same with commas, `{number}` as an IPv4 number, `{family}` 1 or 2 (RFC 2428),
 * `{peer}` the other one's address as the speaker sees it.
 */
import { type Line, OPEN, OPEN_DATA } from './course-lines.ts'
import { PPTP } from './pptp-courses.ts'
import { dialled, SIP_TCP, SIP_UDP, type Speaker } from './sip-courses.ts'
import { SNMP, withRawAddress } from './snmp-courses.ts'

const LOGIN: readonly Line[] = [
  ...OPEN,
  [1, 'PA', '220 hi\r\n'],
  [0, 'PA', 'USER a\r\n'],
  [1, 'PA', '331 ok\r\n'],
]

/** As little as a helper needs. */
const BRIEF: readonly (readonly Line[])[] = [
  'PORT {octets},19,137\r\n',
  'EPRT |{family}|{address}|5001|\r\n',
].map(line => [
  [0, 'S', 0],
  [1, 'SA', 0],
  [0, 'PA', 'USER a\r\n'],
  [0, 'PA', line],
  [1, 'S', OPEN_DATA],
])
/** The numbers of these courses of FTP, in IPv4 and in IPv6. */
export const BRIEF_FTP = [5, 6] as const

/** FTP (RFC 959, 2428): passive and active, both dialects, commands cut in two, addresses of others. */
const FTP: readonly (readonly Line[])[] = [
  [
    ...LOGIN,
    [0, 'PA', 'PASV\r\n'],
    [1, 'PA', '227 Entering Passive Mode ({octets},19,136)\r\n'],
    [0, 'S', OPEN_DATA],
    [0, 'A', 0],
  ],
  [
    ...LOGIN,
    [0, 'PA', 'PORT {octets},19,137\r\n'],
    [1, 'S', OPEN_DATA],
    [1, 'PA', '200 ok\r\n'],
    [0, 'A', 0],
    [0, 'PA', 'PORT {octets},19,139\r\n'],
    [0, 'PA', 'PORT {octets},4,1\r\n'],
    [1, 'S', OPEN_DATA],
  ],
  [
    ...LOGIN,
    [0, 'PA', 'EPSV\r\n'],
    [1, 'PA', '229 Entering Extended Passive Mode (|||5001|)\r\n'],
    [0, 'S', OPEN_DATA],
    [0, 'A', 0],
  ],
  [
    ...LOGIN,
    [0, 'PA', 'EPRT |{family}|{address}|5002|\r\n'],
    [1, 'S', OPEN_DATA],
    [1, 'PA', '200 ok\r\n'],
    [0, 'A', 0],
  ],
  [...LOGIN, [0, 'PA', 'PORT {octets},19'], [0, 'PA', ',138\r\n'], [1, 'S', OPEN_DATA], [0, 'FA', 0]],
  ...BRIEF,
  [
    ...LOGIN,
    [0, 'PA', 'port 10,6,0,99,19,137\r\n'],
    [0, 'PA', 'EPRT |1|198.51.100.9|5002|\r\n'],
    [1, 'S', OPEN_DATA],
    [1, 'PA', '227 =192,168,50,99,19,136\r\n'],
    [0, 'S', OPEN_DATA],
    [1, 'PA', '227 Entering Passive Mode {octets},19,140.\r\n'],
    [0, 'S', OPEN_DATA],
  ],
  [
    ...LOGIN,
    [0, 'PA', 'NOOP\r\nPORT {octets},19,137\r\n'],
    [1, 'PA', '229-x\r\n229 ok (|||70000|)\r\n'],
    [1, 'PA', '229 ok (!!!5004!)\r\n'],
    [0, 'S', OPEN_DATA],
    [1, 'PA', '227 x ({octets},19,'],
    [1, 'PA', '141)\r\n'],
    [0, 'S', OPEN_DATA],
  ],
]

/** TFTP (RFC 1350): the answer comes from another port. */
const TFTP: readonly (readonly Line[])[] = [
  [
    [0, '', '\0\u0001file\0octet\0'],
    [1, '', OPEN_DATA],
  ],
  [
    [0, '', '\0\u0002file\0octet\0'],
    [1, '', OPEN_DATA],
    [0, '', '\0\u0001more\0octet\0'],
  ],
  [
    [0, '', '\0\u0001file\0octet\0'],
    [1, '', '\0\u0003\0\u0001data'],
    [0, '', '\0\u0004\0\u0001'],
    [0, '', '\0\u0001file\0octet\0'],
    [0, '', '\0\u0002file\0octet\0'],
    [1, '', OPEN_DATA],
    [1, '', OPEN_DATA],
  ],
]

/** IRC's Direct Client-to-Client. */
const IRC: readonly (readonly Line[])[] = [
  [
    ...OPEN,
    [0, 'PA', 'NICK a\r\n'],
    [1, 'PA', ':srv 001 a :hi\r\n'],
    [0, 'PA', 'PRIVMSG b :\u0001DCC SEND file {number} 5005 12345\u0001\r\n'],
    [1, 'S', OPEN_DATA],
    [0, 'PA', 'PRIVMSG b :\u0001DCC CHAT chat {number} 5006\u0001\r\n'],
    [1, 'S', OPEN_DATA],
    [0, 'A', 0],
  ],
  [
    ...OPEN,
    [0, 'PA', 'PRIVMSG b :\u0001DCC CHAT chat 168165377 5006\u0001\r\n'],
    [1, 'S', OPEN_DATA],
    [0, 'PA', ' \r\nPRIVMSG someone :\u0001DCC TSEND a-file  {number}  5007 1\u0001\n'],
    [1, 'S', OPEN_DATA],
    [0, 'PA', 'PRIVMSG b :\u0001DCC SEND file {number} 0 12345\u0001\r\n'],
    [0, 'PA', 'PRIVMSG b :\u0001DCC MOVE file {number} 5008 9\u0001\r\n'],
    [1, 'S', OPEN_DATA],
    [1, 'PA', 'PRIVMSG b :\u0001DCC SEND file {number} 5009 9\u0001\r\n'],
  ],
]

/** Amanda backups. */
const AMANDA: readonly (readonly Line[])[] = [
  [
    [0, '', 'Amanda 2.4 REQ HANDLE 000-1 SEQ 1\nSERVICE sendbackup\n'],
    [1, '', 'Amanda 2.4 REP HANDLE 000-1 SEQ 1\nCONNECT DATA 5010 MESG 5011 INDEX 5012\n'],
    [0, 'S', OPEN_DATA],
    [1, '', 'Amanda 2.4 REP HANDLE 000-1 SEQ 1\nCONNECT DATA 5010 MESG 5011 INDEX 5012\n'],
    [1, '', 'CONNECT STATE 123456 MESG 0\nOPTIONS ;\n'],
    [0, '', 'CONNECT DATA 5013\n'],
  ],
]

/** SANE network scanning. */
const SANE: readonly (readonly Line[])[] = [
  [
    ...OPEN,
    [0, 'PA', '\0\0\0\u0007\0\0\0\0'],
    [1, 'PA', '\0\0\0\0\0\0\u0013\u008a'],
    [0, 'S', OPEN_DATA],
    [0, 'PA', '\0\0\0\u0007\0\0\0\0'],
    [1, 'PA', '\0\0\0\u0007\0\0\u0013\u008b'],
    [0, 'PA', '\0\0\0\u0002\0\0\0\0'],
    [1, 'PA', '\0\0\0\0\0\0\u0013\u008c'],
    [0, 'FA', 0],
  ],
]

/** NetBIOS name queries and SNMP: asked by broadcast, answered by everyone. */
const BROADCAST: readonly (readonly Line[])[] = [
  [
    [0, '', 'query'],
    [1, '', OPEN_DATA],
    [1, '', 'answer'],
    [1, '', OPEN_DATA],
  ],
]

/** The helpers that generated conversations speak to: what they say, and the port that it is said to. */
export const HELPED: Readonly<Record<HelpedProtocol, Helped>> = {
  ftp: { courses: FTP, port: 21 },
  tftp: { courses: TFTP, port: 69 },
  irc: { courses: IRC, port: 6667 },
  amanda: { courses: AMANDA, port: 10080 },
  sane: { courses: SANE, port: 6566 },
  netbios: { courses: BROADCAST, port: 137, isBroadcast: true },
  pptp: { courses: PPTP, port: 1723 },
  sip: { courses: SIP_UDP, port: 5060, clientPort: 5060 },
  'sip-tcp': { courses: SIP_TCP, port: 5060 },
  snmp: { courses: SNMP, port: 161 },
  'snmp-trap': { courses: SNMP, port: 162 },
  'snmp-search': { courses: BROADCAST, port: 161, isBroadcast: true },
}

interface Helped {
  readonly courses: readonly (readonly Line[])[]
  readonly port: number
  /** What clients often speak from. */
  readonly clientPort?: number
  /** The box asks everybody in a network. */
  readonly isBroadcast?: boolean
}

export type HelpedProtocol =
  | 'ftp'
  | 'tftp'
  | 'irc'
  | 'amanda'
  | 'sane'
  | 'netbios'
  | 'pptp'
  | 'sip'
  | 'sip-tcp'
  | 'snmp'
  | 'snmp-trap'
  | 'snmp-search'

export function isHelped(protocol: string): protocol is HelpedProtocol {
  return Object.hasOwn(HELPED, protocol)
}

/** A line with its speaker's and listener's addresses in it. */
export function spoken(text: string, own: Speaker, peer: Speaker): string {
  const { address } = own
  return withRawAddress(dialled(text, own, peer), address)
    .replaceAll('{octets}', address.replaceAll('.', ','))
    .replaceAll('{family}', address.includes(':') ? '2' : '1')
    .replaceAll('{number}', () => `${address.split('.').reduce((sum, part) => sum * 256 + Number(part), 0)}`)
}
