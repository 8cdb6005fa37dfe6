/** Programs that run another program: which of their options have a value of their own, and how many words stand before it. */
interface Prefix {
  readonly values: string
  readonly words?: number
}

const PREFIXES: ReadonlyMap<string, Prefix> = new Map<string, Prefix>([
  ['sudo', { values: 'ughpCUrtT' }],
  ['doas', { values: 'uC' }],
  ['env', { values: 'uC' }],
  ['nice', { values: 'n' }],
  ['ionice', { values: 'cn' }],
  ['timeout', { values: 'sk', words: 1 }],
  ['flock', { values: 'wE', words: 1 }],
  ['setsid', { values: '' }],
  ['nohup', { values: '' }],
  ['time', { values: 'fo' }],
])

/** Where the inner command begins: `sudo -u root iptables` has it at 3. Undefined: there is none. */
export function innerCommand(texts: readonly string[]): number | undefined {
  const prefix = PREFIXES.get(programName(texts[0] ?? ''))
  if (prefix === undefined) return undefined
  let at = 1
  while (/^-./.test(texts[at] ?? '')) {
    const option = texts[at]!
    at += option.length === 2 && prefix.values.includes(option[1]!) ? 2 : 1
    if (option === '--') break
  }
  at += prefix.words ?? 0
  while (/^[A-Za-z_]\w*=/.test(texts[at] ?? '')) at++
  return at < texts.length ? at : undefined
}

/** What the shell itself passes over. */
const BUILTINS = ['command', 'exec', 'builtin']

/** Where the command begins that all those before it run. */
export function innermost(texts: readonly string[]): number {
  let at = 0
  for (;;) {
    const next = BUILTINS.includes(texts[at] ?? '') ? 1 : innerCommand(texts.slice(at))
    if (next === undefined) return at
    at += next
  }
}

/** `ip netns exec …`, `docker exec …`, `ssh …`: what they run sees other tables. */
export function isElsewhere(texts: readonly string[]): boolean {
  const name = programName(texts[0] ?? '')
  if (name === 'ip') return texts.includes('netns')
  return /^(?:docker|podman|nerdctl|lxc|lxc-attach|incus|kubectl|machinectl|ssh|nsenter|vagrant|adb)$/.test(
    name,
  )
}

/** What `sh` was called to run: a text, or a file; neither means standard input. */
export interface ShellCall {
  readonly text?: string
  readonly file?: string
  readonly args: readonly string[]
}

/** `sh -c text name a b`, `bash -x file a b`; undefined for any other program. */
export function shellCall(texts: readonly string[]): ShellCall | undefined {
  if (!/^(?:ba|da|a|k|z)?sh$/.test(programName(texts[0] ?? ''))) return undefined
  let at = 1
  let isText = false
  while (/^[-+]./.test(texts[at] ?? '')) {
    const option = texts[at++]!
    if (option === '--') break
    isText ||= /^-\w*c/.test(option)
    if (/^[-+]\w*[oO]$/.test(option)) at++
  }
  const [first, ...args] = texts.slice(at)
  if (first === undefined) return isText ? undefined : { args: [] }
  return isText ? { text: first, args: args.slice(1) } : { file: first, args }
}

function programName(path: string): string {
  return path.replace(/^.*\//, '')
}
