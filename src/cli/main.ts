#!/usr/bin/env node
import { readFileSync } from 'node:fs'
import { runCommandLine } from './program.ts'

const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
  version: string
}

// whoever reads has seen enough (| head): no error of ours
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit()
  process.stderr.write(`standard output: ${error.message}\n`)
  process.exit(2)
})

runCommandLine(version, process.argv.slice(2))
