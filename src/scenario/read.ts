import { z } from 'zod'
import { type Diagnostic, DiagnosticError } from '../diagnostic.ts'
import { suggestion } from '../nearest.ts'
import { checkScenario } from './check.ts'
import { type Problem, problemsOf } from './issues.ts'
import { type Path, SourceText } from './positions.ts'
import { forkStep, HEAD, type ScenarioInput, STEP_KINDS, STEPS, type Step, type StepKind } from './schema.ts'
import { type NetworkInput, type NodeInput, node as nodeSchema } from './schema-network.ts'

/** What `readScenario` needs besides the text. */
export interface ReadOptions {
  /** The text's name in diagnostics. */
  readonly file?: string
  /** Gives the text of a file that the scenario names (`rulesFile`), by its path as written there. */
  readonly readFile?: (path: string) => string
}

/** A scenario that can be run: everything in it has been checked. */
export interface Scenario {
  readonly input: ScenarioInput
  readonly file: string | undefined
  /** Where something stands in the file; line and column 1 for a scenario made in TypeScript. */
  readonly positionOf: (path: Path) => { readonly line: number; readonly column: number }
  readonly readFile: ((path: string) => string) | undefined
}

/** What became of a scenario file. */
export interface ReadResult {
  /** Absent when there is an error. */
  readonly scenario?: Scenario
  /** Everything wrong with the file, in its order. */
  readonly diagnostics: readonly Diagnostic[]
}

/**
 * Reads a scenario file. Never throws for what is wrong with it; tells everything at once, with line and column: broken
 * YAML, unknown and missing keys, wrong types, hosts and links that do not exist, addresses that cannot be, rules that
 * iptables refuses.
 *
 * @param text YAML 1.2, of the format that {@link scenarioJsonSchema} describes
 * @returns the scenario, or why there is none
 * @example
 * const text = `title: nobody answers
 * network:
 *   nodes: { a: { address: 10.0.0.1/24 }, b: { address: 10.0.0.2/24 } }
 *   links: { lan: [a, b] }
 * steps:
 *   - { nc: 'c:80', from: a }
 * `
 * const { diagnostics } = readScenario(text, { file: 'nobody.yaml' })
 * console.log(formatDiagnostic(diagnostics[0]))
 * // nobody.yaml:6:11: error: steps.0.nc: unknown host 'c'
 * //     hint: there are a, b, localhost
 * readScenario(text.replace('c:80', 'b:80')).scenario.input.title // 'nobody answers'
 */
export function readScenario(text: string, options: ReadOptions = {}): ReadResult {
  const source = new SourceText(text, options.file)
  if (source.diagnostics.length > 0) return { diagnostics: source.diagnostics }
  const value = source.value
  const problems = [...shapeProblems(value)]
  if (problems.length === 0) problems.push(...checkScenario(value as ScenarioInput, options.readFile))
  else problems.push(...networkProblemsAnyway(value, options))
  const diagnostics = problems.map(problem => place(problem, source)).sort(byPlace)
  if (diagnostics.length > 0) return { diagnostics }
  const scenario: Scenario = {
    input: value as ScenarioInput,
    file: options.file,
    positionOf: path => source.at(path),
    readFile: options.readFile,
  }
  return { scenario, diagnostics }
}

/**
 * A scenario made in TypeScript instead of YAML: the same data, the same runner.
 *
 * @throws DiagnosticError with everything that is wrong
 * @param options `readFile` gives the text of files that the scenario names
 * @example
 * const run = runScenario(scenario({
 *   title: 'nobody answers',
 *   network: { nodes: { a: { address: '10.0.0.1/24' }, b: { address: '10.0.0.2/24' } }, links: { lan: ['a', 'b'] } },
 *   steps: [{ nc: 'b:80', from: 'a', expect: { outcome: 'refused' } }],
 * }))
 * run.passed // true
 */
export function scenario(input: ScenarioInput, options: Pick<ReadOptions, 'readFile'> = {}): Scenario {
  const shape = shapeProblems(input)
  const problems = shape.length > 0 ? shape : checkScenario(input, options.readFile)
  if (problems.length > 0)
    throw new DiagnosticError(
      problems.map(({ path, key, message, hint }) => ({
        severity: 'error',
        file: [...path, ...(key === undefined ? [] : [key])].join('.'),
        line: 1,
        column: 1,
        message,
        ...(hint !== undefined && { hint }),
      })),
    )
  return { input, file: undefined, positionOf: () => ({ line: 1, column: 1 }), readFile: options.readFile }
}

/** Where the data has another shape than the format says. */
function shapeProblems(value: unknown): Problem[] {
  const head = z.strictObject({ ...HEAD, steps: z.array(z.unknown()) })
  const problems = problemsOf(head, value, [])
  const steps = (value as { steps?: unknown } | null)?.steps
  return Array.isArray(steps) ? [...problems, ...stepsProblems(steps, ['steps'])] : problems
}

/**
 * What is wrong with what can still be understood when something has the wrong shape: all errors at once. What would
 * only follow from the wrong shape is not told.
 */
function networkProblemsAnyway(value: unknown, options: ReadOptions): Problem[] {
  const { network, steps } = (value ?? {}) as { network?: { nodes?: unknown }; steps?: unknown }
  if (!isMap(network) || !isMap(network.nodes)) return []
  const broken: string[] = []
  const nodes: Record<string, NodeInput> = {}
  for (const [name, node] of Object.entries(network.nodes)) {
    const problems = problemsOf(nodeSchema, node, [])
    if (problems.length > 0) broken.push(name)
    if (isMap(node)) nodes[name] = without(node, problems) as NodeInput
  }
  const rest = without(network, problemsOf(HEAD.network, { ...network, nodes: {} }, [])) as NetworkInput
  const hasAll = broken.length === 0 && Object.keys(rest).length === Object.keys(network).length
  const sound = Array.isArray(steps)
    ? steps.map((step, at) => (stepProblems(step, [at]).length === 0 ? step : NOTHING))
    : []
  const found = checkScenario(
    { title: '', network: { ...rest, nodes }, steps: sound as Step[] },
    options.readFile,
  )
  return found.filter(({ path, message }) => {
    if (hasAll) return true
    if (path[0] !== 'network') return !(message.startsWith('unknown link') && rest.links === undefined)
    return (
      path[1] === 'nodes' && path.length > 3 && !(broken.includes(String(path[2])) && path[3] === 'address')
    )
  })
}

function isMap(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** The map without its keys that something is wrong with. */
function without(map: Record<string, unknown>, problems: readonly Problem[]): Record<string, unknown> {
  const wrong = problems.map(({ path, key }) => String(path[0] ?? key))
  return Object.fromEntries(Object.entries(map).filter(([key]) => !wrong.includes(key)))
}

const NOTHING: Step = { look: [] }

function stepsProblems(steps: readonly unknown[], path: Path): Problem[] {
  return steps.flatMap((step, at) => stepProblems(step, [...path, at]))
}

function stepProblems(step: unknown, path: Path): Problem[] {
  if (typeof step !== 'object' || step === null || Array.isArray(step))
    return [{ path, message: 'a step is a map', hint: `e.g. { curl: http://web/, from: laptop }` }]
  const kind = kindOfStep(step)
  if (kind === undefined) {
    const [first = ''] = Object.keys(step)
    return [{ path, key: first, message: 'this step does nothing', hint: suggestion(first, STEP_KINDS) }]
  }
  if (kind !== 'fork') return problemsOf(STEPS[kind], step, path)
  return forkProblems(step as { fork: unknown; each?: unknown }, path)
}

/** A fork's steps are looked at one by one: a union of all kinds would say nothing useful. */
function forkProblems(step: { fork: unknown; each?: unknown }, path: Path): Problem[] {
  const list = z.array(z.unknown())
  const shallow = z.strictObject({
    ...forkStep.shape,
    fork: z.record(z.string(), list),
    each: list.optional(),
  })
  const problems = problemsOf(shallow, step, path)
  if (problems.length > 0) return problems
  const branches = Object.entries(step.fork as Record<string, unknown[]>)
  const inside = branches.flatMap(([name, steps]) => stepsProblems(steps, [...path, 'fork', name]))
  return [...inside, ...stepsProblems((step.each as unknown[] | undefined) ?? [], [...path, 'each'])]
}

/** What a step does, by its key. */
function kindOfStep(step: object): StepKind | undefined {
  // `policy: …, on: fw` is a step of its own; everything else has one such key only.
  return STEP_KINDS.find(kind => kind in step)
}

function place(problem: Problem, source: SourceText): Diagnostic {
  const { path, key, message, hint, expected, inner } = problem
  const position =
    key !== undefined
      ? source.atKey(path, key)
      : inner !== undefined
        ? source.within(path, inner)
        : source.at(path)
  const where = [...path, ...(key === undefined ? [] : [key])].join('.')
  return source.diagnostic(position, `${where === '' ? '' : `${where}: `}${message}`, {
    ...(hint !== undefined && { hint }),
    ...(expected !== undefined && { expected }),
  })
}

function byPlace(a: Diagnostic, b: Diagnostic): number {
  return a.line - b.line || a.column - b.column
}
