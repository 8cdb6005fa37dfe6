import { hopCountTarget } from './hop-count.ts'

/** `-j HL`: IPv6's hop limit. */
export const hl = hopCountTarget('HL', 6, "change IPv6's hop limit")
