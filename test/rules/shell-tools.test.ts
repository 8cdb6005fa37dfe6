import { describe, expect, it } from 'vitest'
import { runTool } from '../../src/rules/shell/tools/index.ts'

const DEVICES = 'eth0: 10.0.0.1/24\n# lo\n\nwlan0: 10.0.0.2 up\n'
const PORTS = '80\n22\n443\n22\n'

/** A command, what comes in, and what the real program prints (GNU, mawk; LC_ALL=C). */
const PRINTED: [string[], string, string][] = [
  [['grep', '-o', '[0-9]\\{1,3\\}\\.0'], DEVICES, '10.0\n10.0\n'],
  [['grep', '-oE', '([0-9]+\\.){3}[0-9]+'], DEVICES, '10.0.0.1\n10.0.0.2\n'],
  [['grep', '-oP', '(?<=: )\\S+'], DEVICES, '10.0.0.1/24\n10.0.0.2\n'],
  [['grep', '-vE', '^(#|$)'], DEVICES, 'eth0: 10.0.0.1/24\nwlan0: 10.0.0.2 up\n'],
  [['grep', '-w', 'lo'], DEVICES, '# lo\n'],
  [['grep', '-x', '22'], PORTS, '22\n22\n'],
  [['grep', '-c', '2'], PORTS, '2\n'],
  [['grep', '-m', '1', '0'], PORTS, '80\n'],
  [['grep', '-iF', 'ETH0:'], DEVICES, 'eth0: 10.0.0.1/24\n'],
  [['grep', 'eth\\|lo'], DEVICES, 'eth0: 10.0.0.1/24\n# lo\n'],
  [['grep', '^[[:alpha:]]*0'], DEVICES, 'eth0: 10.0.0.1/24\nwlan0: 10.0.0.2 up\n'],
  [['grep', '*'], DEVICES, ''],
  [['grep', '-e', 'lo', '-e', 'up'], DEVICES, '# lo\nwlan0: 10.0.0.2 up\n'],
  [['egrep', '^(22|443)$'], PORTS, '22\n443\n22\n'],
  [['sed', 's/0/x/2'], DEVICES, 'eth0: 1x.0.0.1/24\n# lo\n\nwlan0: 1x.0.0.2 up\n'],
  [['sed', 's/ *$//;s/^# *//'], DEVICES, 'eth0: 10.0.0.1/24\nlo\n\nwlan0: 10.0.0.2 up\n'],
  [['sed', '-e', '/^#/d', '-e', '/^$/d'], DEVICES, 'eth0: 10.0.0.1/24\nwlan0: 10.0.0.2 up\n'],
  [['sed', '-n', '2,3p'], PORTS, '22\n443\n'],
  [['sed', '$d'], PORTS, '80\n22\n443\n'],
  [['sed', '-n', 's/^\\([a-z]*\\)[0-9]:.*/\\1/p'], DEVICES, 'eth\nwlan\n'],
  [
    ['sed', '-E', 's/([0-9]+)\\/([0-9]+)/\\2 of \\1/'],
    DEVICES,
    'eth0: 10.0.0.24 of 1\n# lo\n\nwlan0: 10.0.0.2 up\n',
  ],
  [['sed', 's,/24,,g'], DEVICES, 'eth0: 10.0.0.1\n# lo\n\nwlan0: 10.0.0.2 up\n'],
  [['sed', '/wlan/!d'], DEVICES, 'wlan0: 10.0.0.2 up\n'],
  [['sed', 's/2/[&]/g'], PORTS, '80\n[2][2]\n443\n[2][2]\n'],
  [['sed', '-n', '/eth/,/lo/p'], DEVICES, 'eth0: 10.0.0.1/24\n# lo\n'],
  [['sed', '2q'], PORTS, '80\n22\n'],
  [['sed', 'y/0123/abcd/'], PORTS, '8a\ncc\n44d\ncc\n'],
  [['sed', 's/x*/-/g'], 'axb\n', '-a-b-\n'],
  [['sed', 's/UP/down/I'], DEVICES, 'eth0: 10.0.0.1/24\n# lo\n\nwlan0: 10.0.0.2 down\n'],
  [['awk', '{print $2,$1}'], DEVICES, '10.0.0.1/24 eth0:\nlo #\n \n10.0.0.2 wlan0:\n'],
  [['awk', '{print $1"."NF}'], DEVICES, 'eth0:.2\n#.2\n.0\nwlan0:.3\n'],
  [['awk', '-F:', '/eth/{print $1; exit}'], DEVICES, 'eth0\n'],
  [['awk', '!/^#/ && NF'], DEVICES, 'eth0: 10.0.0.1/24\nwlan0: 10.0.0.2 up\n'],
  [['awk', 'NR==2{print $1}'], PORTS, '22\n'],
  [['awk', '$1 > 50'], PORTS, '80\n443\n'],
  [['awk', '-F.', '$2 ~ /0/ {print $1}'], DEVICES, 'eth0: 10\nwlan0: 10\n'],
  [['awk', '-v', 'p=port', '{print p, $NF}'], PORTS, 'port 80\nport 22\nport 443\nport 22\n'],
  [['awk', '-F[:/]', '{print $NF}'], 'a:b/c\n', 'c\n'],
  [['awk', '-v', 's=10.0.0.2', '$0 ~ s {print $1; exit}'], DEVICES, 'wlan0:\n'],
  [['awk', '$1 !~ "[23]"'], PORTS, '80\n'],
  [['cut', '-d:', '-f2-'], DEVICES, ' 10.0.0.1/24\n# lo\n\n 10.0.0.2 up\n'],
  [['cut', '-d.', '-f1,3-4', '-s'], DEVICES, 'eth0: 10.0.1/24\nwlan0: 10.0.2 up\n'],
  [['cut', '-c2-3'], PORTS, '0\n2\n43\n2\n'],
  [['cut', '-c-2'], DEVICES, 'et\n# \n\nwl\n'],
  [['tr', 'a-e', 'A-E'], DEVICES, 'Eth0: 10.0.0.1/24\n# lo\n\nwlAn0: 10.0.0.2 up\n'],
  [['tr', '[:lower:]', '[:upper:]'], DEVICES, 'ETH0: 10.0.0.1/24\n# LO\n\nWLAN0: 10.0.0.2 UP\n'],
  [['tr', '\\n', ','], PORTS, '80,22,443,22,'],
  [['tr', '-d', '[:space:]'], PORTS, '802244322'],
  [['tr', '-cd', '0-9\\n'], DEVICES, '01000124\n\n\n010002\n'],
  [['tr', '-s', '20'], '2200\n', '20\n'],
  [['tr', 'abc', 'x'], 'aabbcc\n', 'xxxxxx\n'],
  [['head', '-n', '-1'], PORTS, '80\n22\n443\n'],
  [['head', '-2'], PORTS, '80\n22\n'],
  [['tail', '-n', '+3'], PORTS, '443\n22\n'],
  [['tail', '-1'], PORTS, '22\n'],
  [['head', '-c', '3'], PORTS, '80\n'],
  [['sort', '-nu'], PORTS, '22\n80\n443\n'],
  [['sort', '-r'], PORTS, '80\n443\n22\n22\n'],
  [['grep', '-oP', '(?<!^:)cali-[^ ]+'], ':cali-in - [0:0]\n-A INPUT -j cali-in\n', 'cali-in\n'],
  [['grep', '-oP', '^:\\Kcali-[^ ]+'], ':cali-in - [0:0]\n-A INPUT -j cali-in\n', 'cali-in\n'],
  [['grep', '-oP', 'a\\Ka'], 'aaaa\n', 'a\na\n'],
  [['uniq'], 'a\na\nb\n', 'a\nb\n'],
  [['uniq', '-c'], 'a\na\nb\n', '      2 a\n      1 b\n'],
  [['uniq', '-dc'], 'a\na\nb\nb\nb\nc\n', '      2 a\n      3 b\n'],
  [['uniq', '-u'], 'a\na\nb\n', 'b\n'],
  [['tac'], PORTS, '22\n443\n22\n80\n'],
  [['rev'], 'abc\n', 'cba\n'],
  [['paste', '-sd,'], PORTS, '80,22,443,22\n'],
  [['wc', '-l'], PORTS, '4\n'],
  [['wc', '-w'], DEVICES, '7\n'],
  [['seq', '-s,', '3'], '', '1,2,3\n'],
  [['seq', '5', '-2', '1'], '', '5\n3\n1\n'],
  [['expr', '7', '-', '2', '*', '3'], '', '1\n'],
  [['expr', 'eth10', ':', 'eth\\([0-9]*\\)'], '', '10\n'],
  [['expr', '3', '>=', '10'], '', '0\n'],
  [['expr', 'length', 'abc'], '', '3\n'],
]

describe('text tools', () => {
  it.each(PRINTED)('%j', ([name = '', ...args], input, expected) => {
    expect(
      runTool(
        name,
        args,
        () => input,
        () => undefined,
      )?.output,
    ).toBe(expected)
  })

  it.each([
    ['repetitions within repetitions', ['grep', '-E', '(a+)+$']],
    ['many repetitions over a long line', ['grep', '.*a.*b.*c.*d']],
    ['commands of sed that it does not know', ['sed', 'N;s/\\n/ /']],
    ['grep of several files', ['grep', 'a', 'one', 'two']],
  ])('%s: it is not known what comes out', (_, [name = '', ...args]) => {
    const text = `${'a b c '.repeat(100)}\n`
    expect(
      runTool(
        name,
        args,
        () => text,
        () => text,
      ),
    ).toBeUndefined()
  })
})
