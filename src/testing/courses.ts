import type { Conversation } from './conversations.ts'
import { type Line, OPEN } from './course-lines.ts'
import { HELPED, isHelped } from './helper-courses.ts'
import { SCTP_COURSES } from './sctp-talk.ts'

/** What a conversation says, line by line: one of the usual courses of its protocol. */
export function courseOf(conversation: Conversation): readonly Line[] {
  const courses = coursesOf(conversation)
  return courses[conversation.course % courses.length]!
}

function coursesOf({ protocol }: Conversation): readonly (readonly Line[])[] {
  switch (protocol) {
    case 'tcp':
      return TCP_COURSES
    case 'sctp':
      return SCTP_COURSES
    default:
      return isHelped(protocol) ? HELPED[protocol].courses : DATAGRAM_COURSES
  }
}

/** How TCP connections usually go. Each goes on with its first line when it is over: the ports are used again. */
const TCP_COURSES: readonly (readonly Line[])[] = [
  // request, answer, the client closes
  [
    ...OPEN,
    [0, 'PA', 10],
    [1, 'A', 0],
    [1, 'PA', 20],
    [0, 'A', 0],
    [0, 'FA', 0],
    [1, 'A', 0],
    [1, 'FA', 0],
    [0, 'A', 0],
  ],
  // the server closes
  [...OPEN, [1, 'PA', 8], [0, 'A', 0], [1, 'FA', 0], [0, 'A', 0], [0, 'FA', 0], [1, 'A', 0]],
  // both close at once
  [...OPEN, [0, 'FA', 0], [1, 'FA', 0], [0, 'A', 0], [1, 'A', 0]],
  // the server gives up
  [...OPEN, [0, 'PA', 5], [1, 'R', 0]],
  // the client gives up
  [...OPEN, [1, 'PA', 5], [0, 'RA', 0]],
  // refused
  [
    [0, 'S', 0],
    [1, 'RA', 0],
    [0, 'S', 0],
    [1, 'RA', 0],
  ],
  // nobody answers at first
  [
    [0, 'S', 0],
    [0, 'S', 0],
    [1, 'SA', 0],
    [1, 'SA', 0],
    [0, 'A', 0],
    [0, 'PA', 3],
    [1, 'A', 0],
  ],
  // simultaneous open
  [
    [0, 'S', 0],
    [1, 'S', 0],
    [0, 'SA', 0],
    [1, 'SA', 0],
    [0, 'A', 0],
    [1, 'PA', 4],
    [0, 'A', 0],
  ],
  // picked up in the middle
  [
    [0, 'PA', 10],
    [1, 'A', 0],
    [0, 'PA', 10],
    [1, 'PA', 100],
    [0, 'A', 0],
    [1, 'FA', 0],
    [0, 'FA', 0],
    [1, 'A', 0],
  ],
  // picked up from the other side
  [
    [1, 'A', 0],
    [0, 'PA', 10],
    [1, 'A', 0],
    [0, 'RA', 0],
  ],
  // much data, acknowledged late
  [
    ...OPEN,
    [0, 'PA', 600],
    [0, 'PA', 600],
    [0, 'PA', 600],
    [1, 'A', 0],
    [1, 'PA', 1200],
    [1, 'PA', 1200],
    [0, 'A', 0],
    [0, 'FA', 0],
    [1, 'FA', 0],
    [0, 'A', 0],
  ],
  // reset before it is open
  [
    [0, 'S', 0],
    [0, 'R', 0],
    [0, 'S', 0],
    [1, 'SA', 0],
    [0, 'R', 0],
    [0, 'S', 0],
  ],
]

/** Exchanges of datagrams: ask and answer, a stream from one side, answers only. */
const DATAGRAM_COURSES: readonly (readonly Line[])[] = [
  [
    [0, '', 12],
    [1, '', 40],
  ],
  [
    [0, '', 12],
    [0, '', 12],
    [1, '', 100],
    [0, '', 12],
  ],
  [
    [1, '', 4],
    [0, '', 4],
  ],
  [
    [0, '', 0],
    [1, '', 0],
  ],
]

/** The number of the course in which datagrams carry nothing (and pings are pings). */
export const WITHOUT_DATA = 7
