/** What a script's surroundings would tell it. The script itself is only read: no program is started. */
export interface ShellOptions {
  /** The environment. Default: nothing but PATH and IFS. */
  readonly variables?: { readonly [name: string]: string }
  /** `$1`, `$2` … Default: `start`, which scripts for init take. */
  readonly args?: readonly string[]
  /**
   * What a program would have printed: `['ip', 'addr', 'show', 'dev', 'eth0']`; files are asked for as
   * `['cat', path]`. A program that is answered for has also succeeded. Default, and whenever it is undefined: not
   * known, which is an error only where iptables commands depend on it.
   */
  readonly commandOutput?: (command: readonly string[]) => string | undefined
  /**
   * `taken`: what sh would come to. `all`: every iptables command of the text, in the order of its lines, whichever
   * branch or function it stands in (functions with parameters where they are called); what it would need to know from
   * outside is left out, with a warning. Default `taken`.
   */
  readonly branches?: 'taken' | 'all'
}
