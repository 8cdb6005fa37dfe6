import { hopCountTarget } from './hop-count.ts'

/** `-j TTL`: IPv4's time to live. */
export const ttl = hopCountTarget('TTL', 4, "change IPv4's time to live")
