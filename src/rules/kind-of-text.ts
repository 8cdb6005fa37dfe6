/**
 * What a text of rules is, told by the first line that says something: save text begins with a table, bare commands as
 * `iptables -S` prints them with an option, anything else is a shell script.
 */
export function kindOfText(text: string): 'restore' | 'commands' | 'script' {
  const first = text.split('\n').find(line => /^\s*[^#\s]/.test(line))
  if (first === undefined || /^\s*[*:[]|^COMMIT\s*$/.test(first)) return 'restore'
  return /^\s*-/.test(first) ? 'commands' : 'script'
}
