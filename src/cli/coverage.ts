import { Command } from 'commander'
import { formatCoverage } from '../analysis/coverage.ts'
import type { MutationReport } from '../analysis/mutate.ts'
import { formatPlace } from '../rules/steps.ts'
import type { ScenarioRun } from '../scenario/entries.ts'
import { type Exercise, exercises, unnoticedMutants } from '../scenario/exercise.ts'
import { addTextOrJsonOptions } from './options.ts'
import { isAuthorError, runScenarioFile } from './scenario-file.ts'
import { terminalStyle } from './terminal.ts'

interface CoverageOptions {
  readonly mutants?: boolean
  readonly format: 'text' | 'json'
}

/** `netfilter-sim coverage FILE…`: what scenarios would notice. Exit 1 if a mutant survives or an expectation fails. */
export function coverageCommand(): Command {
  const command = new Command('coverage')
    .description('which rules scenarios exercise, and which mistakes in the rules no scenario would notice')
    .argument('<files...>', 'scenario files (YAML)')
    .option('--mutants', 'change the rules in one place at a time and run the scenarios again')
    .action((files: readonly string[], options: CoverageOptions) => {
      process.exitCode = coverage(files, options)
    })
    .addHelpText(
      'after',
      `
Examples:
  netfilter-sim coverage story.yaml
  netfilter-sim coverage --mutants stories/*.yaml`,
    )
  return addTextOrJsonOptions(command)
}

interface Answer {
  readonly exercise: Exercise
  readonly mutation: MutationReport | undefined
}

function coverage(files: readonly string[], { mutants = false, format }: CoverageOptions): 0 | 1 | 2 {
  const runs: ScenarioRun[] = []
  for (const file of files)
    try {
      runs.push(runScenarioFile(file))
    } catch (error) {
      if (!isAuthorError(error)) throw error
      console.error(error.message)
      return 2
    }
  const failed = runs.filter(run => !run.passed)
  for (const { file } of failed) console.error(`${file}: an expectation fails; see netfilter-sim run`)
  if (failed.length > 0) return 1
  const answers = exercises(runs).map((exercise): Answer => {
    return { exercise, mutation: mutants ? unnoticedMutants(exercise) : undefined }
  })
  if (format === 'json') console.log(JSON.stringify(answers.map(plain), undefined, 2))
  else for (const answer of answers) console.log(`${text(answer)}\n`)
  return answers.some(({ mutation }) => mutation !== undefined && mutation.survivors.length > 0) ? 1 : 0
}

function text({ exercise, mutation }: Answer): string {
  const { strong, bad } = terminalStyle()
  const lines = [strong(usersText(exercise)), formatCoverage(exercise.coverage)]
  if (mutation !== undefined) {
    const { total, survivors, equivalent } = mutation
    const noticed = total - survivors.length - equivalent
    lines.push(`${noticed} of ${total - equivalent} mutants are noticed`)
    for (const { place, change } of survivors)
      lines.push(`${bad('unnoticed')} ${formatPlace(place)}: ${change}`)
  }
  return lines.join('\n')
}

function usersText({ family, users }: Exercise): string {
  const names = users.map(({ node, scenario }) => `${node} in ${scenario.file ?? scenario.input.title}`)
  return `${family === 4 ? 'iptables' : 'ip6tables'} of ${names.join(', ')}`
}

function plain({ exercise: { family, users, coverage }, mutation }: Answer): object {
  return {
    family,
    users: users.map(({ node, scenario }) => ({ node, scenario: scenario.file ?? scenario.input.title })),
    rules: coverage.rows,
    share: coverage.share,
    ...(mutation !== undefined && {
      mutants: {
        total: mutation.total,
        equivalent: mutation.equivalent,
        unnoticed: mutation.survivors.map(({ place, kind, change }) => ({ place, kind, change })),
      },
    }),
  }
}
