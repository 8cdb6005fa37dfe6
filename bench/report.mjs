import { writeFileSync } from 'node:fs'
import Table from 'cli-table3'

/** What a run has measured: printed as tables while it goes on, and kept as figures for `--json FILE`. */
export class Report {
  sections = []

  /**
   * Rows of nanoseconds and their ratios. A row's ratio is to the first one, unless `over` names another figure.
   *
   * @param {string} title
   * @param {{ name: string, ns: number, over?: number, goal?: string }[]} rows
   * @param {string} [unit] of what `ns` is the price
   */
  ratios(title, rows, unit = 'packet') {
    const measured = rows.map(({ name, ns, over = rows[0].ns, goal = '' }) => ({
      name,
      ns: Math.round(ns),
      ratio: Number((ns / over).toFixed(2)),
      goal,
    }))
    const table = new Table({ head: ['', `ns a ${unit}`, 'ratio', 'goal'], style: { head: [], border: [] } })
    for (const { name, ns, ratio, goal } of measured) table.push([name, ns, `${ratio.toFixed(2)} ×`, goal])
    console.log(`${title}\n${table}\n`)
    this.sections.push({ title, rows: measured })
  }

  /** Figures that are no ratios, and the sentence that says them. */
  figures(title, sentence, figures) {
    console.log(`${title}: ${sentence}\n`)
    this.sections.push({ title, figures })
  }

  /** @param {string} file */
  write(file) {
    const { node, v8 } = process.versions
    writeFileSync(file, `${JSON.stringify({ node, v8, sections: this.sections }, undefined, 2)}\n`)
  }
}
