/** Rules a little different from given ones, and lines of one ruleset put into another. */
import { BUILTIN_CHAINS } from '../../../dist/rules/model.js'

const VERDICTS = ['ACCEPT', 'DROP', 'RETURN']

/** @returns {{ name: string, chains: string[], rules: { chain: string, words: string }[] }[]} one for each table */
export function readTables(text) {
  const tables = []
  for (const line of text.split('\n')) {
    if (line.startsWith('*')) tables.push({ name: line.slice(1).trim(), chains: [], rules: [] })
    else if (line.startsWith(':')) tables.at(-1)?.chains.push(line.slice(1))
    else if (line.startsWith('-A ')) {
      const [, chain, words] = /^-A (\S+) ?(.*)$/.exec(line) ?? []
      if (chain !== undefined) tables.at(-1)?.rules.push({ chain, words })
    }
  }
  return tables
}

export function writeTables(tables) {
  return tables
    .map(({ name, chains, rules }) =>
      [
        `*${name}`,
        ...chains.map(chain => `:${chain}`),
        ...rules.map(({ chain, words }) => `-A ${chain} ${words}`.trimEnd()),
        'COMMIT\n',
      ].join('\n'),
    )
    .join('')
}

/**
 * Changes one thing.
 *
 * @param {ReturnType<typeof readTables>} tables changed in place
 * @param {import('./random.mjs').Draw} draw
 * @param {(table: string) => { words: string }[]} lines rules of other rulesets
 */
export function mutateRules(tables, draw, lines) {
  if (tables.length === 0) return
  const table = draw.pick(tables)
  draw.weighed([
    [table.rules.length > 0 ? 2 : 0, dropRule],
    [table.rules.length > 1 ? 2 : 0, moveRule],
    [table.rules.length > 0 ? 3 : 0, otherNumber],
    [table.rules.length > 0 ? 3 : 0, negation],
    [table.rules.length > 0 ? 3 : 0, otherVerdict],
    [table.rules.length > 0 ? 2 : 0, wordLess],
    [1, otherPolicy],
    [8, foreignRule],
  ])(table, draw, lines)
}

function dropRule(table, draw) {
  table.rules.splice(draw.below(table.rules.length), 1)
}

function moveRule(table, draw) {
  const [rule] = table.rules.splice(draw.below(table.rules.length), 1)
  table.rules.splice(draw.below(table.rules.length + 1), 0, rule)
}

function otherNumber(table, draw) {
  const rule = draw.pick(table.rules)
  const numbers = [...rule.words.matchAll(/\d+/g)]
  if (numbers.length === 0) return
  const { 0: text, index } = draw.pick(numbers)
  const n = draw.once(3)
    ? draw.pick([0, 1, 2, 16, 64, 80, 255, 1024, 65535])
    : Math.max(0, Number(text) + draw.pick([1, -1, 1, -1, 10]))
  rule.words = `${rule.words.slice(0, index)}${n}${rule.words.slice(index + text.length)}`
}

function negation(table, draw) {
  const rule = draw.pick(table.rules)
  if (rule.words.includes('! ') && draw.once(2)) {
    rule.words = rule.words.replace('! ', '')
    return
  }
  const options = [...rule.words.matchAll(/(?<=^| )(-[sdpiof]|--[a-z][a-z-]+) /g)].filter(
    ({ index }) => !rule.words.slice(0, index).endsWith('! '),
  )
  if (options.length === 0) return
  const { index } = draw.pick(options)
  rule.words = `${rule.words.slice(0, index)}! ${rule.words.slice(index)}`
}

function otherVerdict(table, draw) {
  const rule = draw.pick(table.rules)
  const verdicts =
    table.name === 'filter'
      ? [...VERDICTS, 'REJECT', 'LOG']
      : table.name === 'nat'
        ? ['ACCEPT', 'RETURN']
        : VERDICTS
  rule.words = `${rule.words.replace(/ ?-[jg] .*$/, '')}${draw.once(6) ? '' : ` -j ${draw.pick(verdicts)}`}`
}

/** Without one of its options. */
function wordLess(table, draw) {
  const rule = draw.pick(table.rules)
  const options = [...rule.words.matchAll(/(?:! )?(?:-[sdio] \S+|--[a-z][a-z-]+(?: (?!-)(?:"[^"]*"|\S+))*)/g)]
  if (options.length === 0) return
  const { 0: text, index } = draw.pick(options)
  rule.words = `${rule.words.slice(0, index)}${rule.words.slice(index + text.length)}`
    .replace(/ {2,}/g, ' ')
    .trim()
}

function otherPolicy(table, draw) {
  if (table.name === 'nat' || table.chains.length === 0) return
  const at = draw.below(table.chains.length)
  const [name, policy] = table.chains[at].split(' ')
  if (policy !== '-') table.chains[at] = `${name} ${policy === 'DROP' ? 'ACCEPT' : 'DROP'} [0:0]`
}

/** A line from elsewhere; what it jumps to is ended here. */
function foreignRule(table, draw, lines) {
  const pool = lines(table.name)
  if (pool.length === 0) return
  const chains = table.chains.map(text => text.split(' ')[0])
  const words = draw
    .pick(pool)
    .words.replace(/-[jg] ([a-z]\S*|LOGDROP)/, (whole, name) =>
      chains.includes(name) && draw.once(2) ? whole : `-j ${draw.pick(VERDICTS)}`,
    )
  const usual = chains.filter(name => BUILTIN_CHAINS[table.name]?.includes(name))
  const rule = { chain: draw.pick(draw.once(3) ? chains : usual), words }
  table.rules.splice(draw.below(table.rules.length + 1), 0, rule)
}
