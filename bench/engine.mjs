/** The built engine: `dist`, or the directory that NETFILTER_SIM_DIST names (to compare two builds). */
import { resolve } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'

const dist = process.env.NETFILTER_SIM_DIST ?? fileURLToPath(new URL('../dist', import.meta.url))
const load = file => import(pathToFileURL(resolve(dist, file)).href)

export const { advance, createFirewall, step, run } = await load('firewall.js')
export const { arrive, PATH } = await load('path.js')
export const { Transaction } = await load('transaction.js')
export const { TraceRecorder } = await load('trace.js')
export const { tcp, udp } = await load('packet/constructors.js')
export const { createNetwork, settle, spawn } = await load('network/index.js')
export const { parseRules } = await load('rules/parse.js')
export const { GATEWAY, history, play, siteOptions } = await load('testing/fast-check.js')
