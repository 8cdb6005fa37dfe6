#!/usr/bin/env node
import { Command } from 'commander'
import { conformance } from './conformance.ts'

const program = new Command('netfilter-sim')
program
  .command('conformance')
  .argument('[paths...]')
  .option('--show <n>', 'differences to print a file', Number, 0)
  .option('--emit <dir>')
  .option('--only <name>')
  .action((paths: string[], options: { show: number; emit?: string; only?: string }) => {
    process.exitCode = conformance(paths, options) ? 0 : 1
  })
program.parse()
