import { describe, expect, it } from 'vitest'
import { listCommands } from '../../src/rules/list.ts'
import type { ShellOptions } from '../../src/rules/parse.ts'
import { parseRules } from '../../src/rules/parse.ts'

/** Everything that a script does to the filter table, and everything that is said about it. */
function read(
  script: string,
  shell: ShellOptions = {},
): { rules: string[]; errors: string[]; warnings: string[] } {
  const { ruleset, diagnostics } = parseRules(script, { family: 4, format: 'script', shell })
  const said = (wanted: string): string[] =>
    diagnostics
      .filter(({ severity }) => severity === wanted)
      .map(({ line, column, message }) => `${line}:${column} ${message}`)
  const lines = ruleset === undefined ? [] : listCommands(ruleset).trim().split('\n')
  return {
    rules: lines.filter(line => !line.endsWith(' ACCEPT') || line.startsWith('-A')),
    errors: said('error'),
    warnings: said('warning'),
  }
}

/** The ports that a script opens: `a N` is `iptables -A INPUT -p tcp --dport N`. */
function ports(script: string, shell?: ShellOptions): string {
  const prelude = 'a() { iptables -A INPUT -p tcp --dport "$1"; }\n'
  const { rules, errors } = read(prelude + script, shell)
  return errors.length > 0 ? errors.join('\n') : rules.map(rule => /--dport (\S+)/.exec(rule)?.[1]).join(' ')
}

describe('words', () => {
  it.each([
    ['variables', 'p=22; a $p; q="8$p"; a ${q}', '22 822'],
    ['single quotes keep everything', "p='22'; a $p", '22'],
    ['double quotes keep blanks together', 'x="22 80"; for p in "$x"; do a "${p% *}"; done', '22'],
    ['unquoted values are split', 'x="22 80"; for p in $x; do a $p; done', '22 80'],
    ['IFS divides', 'x=22:80; IFS=:; for p in $x; do a $p; done', '22 80'],
    ['empty values vanish', 'e=; for p in $e 22 "$e" 80; do a ${p:-1}; done', '22 1 80'],
    ['backslashes', 'a 2\\2; a \\\n80', '22 80'],
    ['comments', 'a 22 # a 80\n#a 1\nx=8#0; a ${x#*#}\n', '22 0'],
    ['${x:-default}', 'a ${p:-22}; p=80; a ${p:-22}', '22 80'],
    ['${x-default} leaves empty ones', 'p=; a 2${p-2}2', '22'],
    ['${x:=default} stays', 'a ${p:=22}; a $p', '22 22'],
    ['${x:+other}', 'p=1; a ${p:+22}; a 8${q:+1}0', '22 80'],
    ['${#x}', 'p=abc; a ${#p}', '3'],
    ['${x%y} and ${x##y}', 'p=22/tcp; a ${p%/*}; q=a.b.80; a ${q##*.}', '22 80'],
    ['$((…))', 'p=20; a $((p + 2)); a $(( (p > 1) ? $p * 4 : 0 ))', '22 80'],
    ['$(…) and `…`', 'a $(echo 22); a `echo 80`; a $(echo $(echo 443))', '22 80 443'],
    ['parameters', 'f() { a $1; shift; a $1; a $#; }; f 22 80 443', '22 80 2'],
    ['"$@" keeps words', 'f() { for x in "$@"; do a ${x# }; done; }; f 22 " 80"', '22 80'],
    ['set -- and $*', 'set -- 22 80; for p in $*; do a $p; done', '22 80'],
    ['arguments of the script', 'a $1$#', '221', { args: ['22'] }],
    ['the environment', 'a $PORT', '22', { variables: { PORT: '22' } }],
    ['eval', 'n=port; eval "${n}_list=\'22 80\'"; for p in $port_list; do a $p; done', '22 80'],
  ] as [string, string, string, ShellOptions?][])('%s', (_, script, expected, shell) => {
    expect(ports(script, shell)).toBe(expected)
  })

  it('braces mean nothing to sh, but many words to bash', () => {
    const loop = 'for p in {1..3} 8{0,1}; do iptables -A INPUT -p tcp --dport $p; done'
    expect(read(`#!/bin/bash\n${loop}`).rules).toHaveLength(5)
    expect(read(`#!/bin/sh\n${loop}`).errors[0]).toContain("'{1..3}'")
  })
})

describe('control', () => {
  it.each([
    ['if', 'if true; then a 22; else a 80; fi', '22'],
    ['elif', 'if false; then a 1; elif [ 1 = 1 ]; then a 22; fi', '22'],
    ['else', 'if [ -n "" ]\nthen\n  a 1\nelse\n  a 22\nfi', '22'],
    ['&& and ||', 'true && a 22; false && a 1; false || a 80; true || a 1', '22 80'],
    ['! turns', '! false && a 22; if ! true; then a 1; fi', '22'],
    ['for', 'for p in 22 80\ndo a $p\ndone', '22 80'],
    [
      'for with break and continue',
      'for p in 1 22 2 80; do [ $p -lt 10 ] && continue; a $p; [ $p = 22 ] && break; done',
      '22',
    ],
    ['while', 'i=20; while [ $i -lt 23 ]; do a $i; i=$((i+1)); done', '20 21 22'],
    ['until', 'i=20; until test $i -ge 22; do a $i; i=`expr_() { echo $((i+1)); }; expr_`; done', '20 21'],
    ['while read', 'printf "22\\n80 tcp\\n" | while read p rest; do a $p; done', '22 80'],
    ['read from a here-document', 'while read p; do a $p; done <<END\n22\n80\nEND', '22 80'],
    ['case', 'case "$1" in stop) a 1;; st*|run) a 22;; *) a 2;; esac', '22'],
    ['case with quoted patterns', 'x=\'*\'; case abc in "$x") a 1;; ?b[a-c]) a 22;; esac', '22'],
    ['functions', 'f() { a 22; return 1; a 1; }; f || a 80', '22 80'],
    ['function f {', '#\nfunction f { a 22; }\nf', '22'],
    ['local', 'p=80; f() { local p=22; a $p; }; f; a $p', '22 80'],
    ['subshells keep their variables', 'p=80; (p=22; a $p; exit 1); a $p', '22 80'],
    ['exit', 'a 22; exit 0; a 1', '22'],
    ['$?', 'false; a 2$?; f() { return 7; }; f; a 8$?', '21 87'],
    ['[ a -o b ]', 'if [ 1 -eq 2 -o "x" != "y" ]; then a 22; fi', '22'],
    ['[ ! a -a b ]', 'if [ ! -z "x" -a 3 -gt 2 ]; then a 22; fi', '22'],
    ['[[ a == pattern && b ]]', 'if [[ eth0 == eth* && ( 1 -lt 2 || -z "" ) ]]; then a 22; fi', '22'],
    [
      'text tools',
      "a $(echo 'x 22 y' | awk '{print $2}'); a `echo 22,80 | cut -d, -f2`; a $(echo p443 | sed 's/p//')",
      '22 80 443',
    ],
    ['xargs', 'echo "22 80" | xargs -n1 iptables -A INPUT -p tcp --dport', '22 80'],
    ['xargs -I', "printf '22\\n80\\n' | xargs -I{} iptables -A INPUT -p tcp --dport {} -j DROP", '22 80'],
    ['xargs without a command', 'a `echo "  22  " | xargs`', '22'],
    ['expr', 'i=21; a `expr $i + 1`; a $(expr eth80 : "eth\\([0-9]*\\)")', '22 80'],
    [
      'rules deleted by their own listing',
      'a 22; a 80; a 443; iptables -S INPUT | grep -E "dport (22|80)$" | sed "s/-A /-D /" | while read r; do iptables $r; done',
      '443',
    ],
    [
      'rules deleted by number, the last first',
      "a 22; a 80; iptables -L INPUT -n --line-numbers | tac | grep dpt | cut -d' ' -f1 | while read n; do iptables -D INPUT $n; a 1$n; done",
      '12 11',
    ],
    [
      'sh -c',
      "sh -c 'iptables -A INPUT -p tcp --dport 22; p=1'; p=80; sudo -u root bash -ec 'iptables -A INPUT -p tcp --dport $1' x 8$p",
      '22 880',
    ],
    [
      'sh file, and what is given to sh',
      'echo "iptables -A INPUT -p tcp --dport \\$1" > /tmp/f; sh /tmp/f 22; echo "iptables -A INPUT -p tcp --dport 80" | sh',
      '22 80',
    ],
    [
      'programs that run another one',
      'p="iptables -A INPUT -p tcp --dport"; env LC_ALL=C A=b $p 22; nice -n 5 timeout -k 1 5 $p 80; flock -w 5 /run/lock $p 443',
      '22 80 443',
    ],
    [
      'getopts',
      'set -- -ab22 -c 80 x; while getopts ab:c: o; do a ${OPTARG:-1}; done; shift $((OPTIND-1)); a $#; getopts a o || a 7',
      '1 22 80 1 7',
    ],
    [
      'getopts without an argument',
      'set -- -c; while getopts :c: o; do [ "$o$OPTARG" = ":c" ] && a 22; done',
      '22',
    ],
    ['a bracket without a blank is no program', 'if [$x = y ]; then a 1; else a 22; fi', '22'],
    ['grep decides', 'echo a22 | grep -q "^a2" && a 22; echo x | grep -q y || a 80', '22 80'],
    ['seq', 'for p in $(seq 20 22); do a $p; done', '20 21 22'],
    [
      'files that the script writes',
      'echo 22 > /tmp/p; echo 80 >> /tmp/p; for p in $(cat /tmp/p); do a $p; done',
      '22 80',
    ],
  ])('%s', (_, script, expected) => {
    expect(ports(script)).toBe(expected)
  })
})

describe('iptables in a script', () => {
  it('is found behind variables, paths, sudo and functions', () => {
    const script = `IPT="/sbin/iptables -w"
      ipt() { $IPT "$@"; }
      $IPT -N a; ipt -N b; sudo -n /usr/sbin/iptables-legacy -N c; command iptables -N d; ip6tables -N six`
    expect(read(script).rules).toEqual(['-N a', '-N b', '-N c', '-N d'])
  })

  it('iptables-restore reads what is piped into it, and rules know their lines', () => {
    const script = `n=web
(
  echo '*filter'
  echo ":$n - [0:0]"
  echo "-A $n -j ACCEPT"
  echo COMMIT
) | /sbin/iptables-restore; r=$?
iptables-restore -c <<END
*nat
[5:6] -A POSTROUTING -o $n -j MASQUERADE
COMMIT
END
test $r = 0 && iptables -A INPUT -j $n`
    const { ruleset } = parseRules(script, { family: 4 })
    expect(ruleset!.tables.filter!.chains.web!.rules[0]).toMatchObject({ line: 5 })
    expect(ruleset!.tables.nat!.chains.POSTROUTING!.rules[0]).toMatchObject({
      line: 10,
      counters: { packets: 5, bytes: 6 },
    })
    expect(ruleset!.tables.filter!.chains.INPUT!.rules[0]).toMatchObject({ line: 13 })
  })

  it('says where the line was written that iptables-restore refuses', () => {
    const script = "( echo '*filter'\n\n  echo '-A INPUT --dport 1'\n  echo COMMIT ) | iptables-restore"
    expect(read(script).errors).toEqual(["3:3 unknown option '--dport'"])
  })

  it('prints what -L, -S and iptables-save print', () => {
    const script = `iptables -N web; iptables -A web -j DROP
      iptables -S | grep '^-N' | while read option chain; do iptables -F $chain; iptables -X $chain; done
      cat /proc/net/ip_tables_names | while read table; do
        iptables -t $table -L -n | while read c chain rest; do
          test "X$c" = "XChain" && iptables -t $table -A $chain -j DROP
        done
      done
      iptables-save | grep -q web || iptables -P INPUT DROP`
    expect(read(script).rules).toEqual([
      '-P INPUT DROP',
      '-A INPUT -j DROP',
      '-A FORWARD -j DROP',
      '-A OUTPUT -j DROP',
    ])
  })

  it('may fail where the script asks whether it did', () => {
    const asked =
      'iptables -C INPUT -j DROP || iptables -A INPUT -j DROP\nif ! iptables -L x; then iptables -N x; fi'
    expect(read(asked)).toMatchObject({ rules: ['-N x', '-A INPUT -j DROP'], errors: [] })
    expect(read('iptables -X x 2>/dev/null\niptables -F')).toMatchObject({
      errors: [],
      warnings: ["1:13 table filter has no chain 'x'"],
    })
    expect(read('iptables -X x >/dev/null 2>&1 || true').errors).toEqual([])
    expect(read('iptables -X x').errors).toEqual(["1:13 table filter has no chain 'x'"])
  })
})

describe('programs that are not run', () => {
  it.each(['ip netns exec red', 'docker exec -it router', 'nsenter -t 1 -n', 'ssh root@box'])(
    'what %s runs sees other tables',
    prefix => {
      const { rules, errors, warnings } = read(`${prefix} iptables -A INPUT -j DROP; iptables -N here`)
      expect([rules, errors, warnings.length]).toEqual([['-N here'], [], 1])
    },
  )

  it('are named once each', () => {
    const script = `modprobe ip_tables
      /sbin/modprobe nf_nat
      echo 1 > /proc/sys/net/ipv4/ip_forward; echo 0 >/proc/sys/net/ipv4/tcp_ecn
      . /etc/init.d/functions
      iptables -F`
    expect(read(script)).toEqual({
      rules: [],
      errors: [],
      warnings: [
        "1:1 'modprobe' is not run",
        "3:16 '> /proc/sys/net/ipv4/ip_forward' is not done",
        "4:7 '/etc/init.d/functions' is not read",
      ],
    })
  })

  it.each([
    [
      'a word of a command',
      'iptables -A INPUT -s $(hostname -i)',
      "1:22 'hostname -i' is not run, and what it prints is needed here",
    ],
    [
      'through a variable',
      'x=`date`; iptables -A INPUT -s "$x"',
      "1:32 'date' is not run, and what it prints is needed here",
    ],
    [
      'through eval and tools',
      'L=$(ip addr | grep inet); eval "l=\\"$L\\""\nfor i in $l; do iptables -A INPUT -s $i; done',
      "2:1 'ip addr' is not run, and what it prints is needed here",
    ],
    [
      'a branch',
      'if systemctl is-active x; then iptables -F; fi',
      "1:4 'systemctl is-active x' is not run, and how it ends decides about iptables commands",
    ],
    [
      'a branch with a function',
      'f() { iptables -F; }; ping x && f',
      "1:23 'ping x' is not run, and how it ends decides about iptables commands",
    ],
    [
      'a comparison',
      'k=$(uname -r); [ "$k" = 6 ] && iptables -F',
      "1:5 'uname -r' is not run, and how it ends decides about iptables commands",
    ],
    [
      'a loop',
      'ip link | while read i; do iptables -A INPUT -i $i; done',
      "1:1 'ip link' is not run, and how it ends decides about iptables commands",
    ],
    [
      'case',
      'case $(uname) in Linux) iptables -F;; esac',
      "1:6 'uname' is not run, and what it prints is needed here",
    ],
    [
      'input of iptables-restore',
      'sed s/a/b/ rules.v4 | iptables-restore',
      "1:23 'sed s/a/b/ rules.v4' is not run, and what it prints is needed here",
    ],
    [
      'IFS cannot divide what is not known',
      'ping x && { o=$IFS; IFS=@; IFS=$o; }; L=$(ip addr)\nIFS=0123456789; iptables -A INPUT -s $L',
      "2:38 'ip addr' is not run, and what it prints is needed here",
    ],
    [
      'what would have been printed',
      "( echo '*filter'; ip link | while read i; do echo x; done; echo COMMIT ) | iptables-restore",
      "1:76 'ip link' is not run, and what it prints is needed here",
    ],
    [
      'what would have been written',
      'ping x && echo 22 > p\niptables -A INPUT -p tcp --dport $(cat p)',
      "2:34 'ping x' is not run, and what it prints is needed here",
    ],
    [
      'what would have been set',
      'set -- 22; ping x && shift\niptables -A INPUT -p tcp --dport $1',
      "2:34 'ping x' is not run, and what it prints is needed here",
    ],
    [
      'what a function that may have returned has set',
      'f() { ping x && return; p=22; }; f\niptables -A INPUT -p tcp --dport $p',
      "2:34 'ping x' is not run, and what it prints is needed here",
    ],
    [
      'what a loop that may have ended has set',
      'for p in 22 80; do ping x && break; done\niptables -A INPUT -p tcp --dport $p',
      "2:34 'ping x' is not run, and what it prints is needed here",
    ],
    [
      'rules behind a break',
      'for p in 22 80; do ping x && continue; iptables -A INPUT -p tcp --dport $p; done',
      "1:20 'ping x' is not run, and how it ends decides about iptables commands",
    ],
    [
      'rules behind a return',
      'f() { ping x || return 1; iptables -F; }; f',
      "1:7 'ping x' is not run, and how it ends decides about iptables commands",
    ],
    [
      'how many words it would be',
      'f() { iptables -A INPUT -p tcp --dport $2; }; f $(ip addr) 22',
      "1:40 'ip addr' is not run, and what it prints is needed here",
    ],
    [
      'what would have been defined',
      'ping x && f() { iptables -F; }\nf',
      "1:1 'ping x' is not run, and how it ends decides about iptables commands",
    ],
    [
      'a file that was not read',
      '. ./conf\niptables -A INPUT -i $WAN',
      "2:22 '. ./conf' is not run, and what it prints is needed here",
    ],
    ['a program that is given iptables', 'xargs iptables -A INPUT', "1:1 'xargs' is not run"],
    ['a program like iptables', 'iptabels -F', "1:1 'iptabels' is not run"],
  ])('are errors where rules depend on them: %s', (_, script, complaint) => {
    const { errors } = read(script)
    expect(errors).toContain(complaint)
  })

  it.each([
    ['exit', 'which ip || exit 1\niptables -F'],
    ['return', 'f() { test -z "$(ip addr)" && { x=1; return; }; x=2; }\nf; iptables -F'],
    ['an if that leaves', 'if [ "$(id -u)" != 0 ]; then echo root only; exit 1; fi\niptables -F'],
    [
      'nothing that matters',
      'lsmod | grep -q nat && modprobe nat; for m in $(find /lib); do modprobe $m; done\niptables -F',
    ],
  ])('may decide about %s: the script is expected to go on', (_, script) => {
    expect(read(script).errors).toEqual([])
  })

  it('leave what they decide unknown', () => {
    const script = 'if ping x; then wan=eth0; else wan=eth1; fi\niptables -A INPUT -i $wan'
    expect(read(script).errors).toEqual(["2:22 'ping x' is not run, and what it prints is needed here"])
  })

  it('are answered for by the caller', () => {
    const script = `L=$(/sbin/ip -4 addr show dev eth0 | sed 's/x//')
      for i in $L; do iptables -A INPUT -s $i; done
      . /etc/conf
      iptables -A INPUT -i $WAN`
    const asked: string[] = []
    const commandOutput = (command: readonly string[]): string | undefined => {
      asked.push(command.join(' '))
      return { ip: '192.0.2.1\n192.0.2.2x\n', cat: 'WAN=eth7' }[command[0]!.replace('/sbin/', '')]
    }
    expect(read(script, { commandOutput })).toEqual({
      rules: ['-A INPUT -s 192.0.2.1/32', '-A INPUT -s 192.0.2.2/32', '-A INPUT -i eth7'],
      errors: [],
      warnings: [],
    })
    expect(asked).toEqual(['/sbin/ip -4 addr show dev eth0', 'cat /etc/conf'])
  })

  it('files are taken not to exist, and a warning says so', () => {
    const script = '[ -f /etc/blocked ] && iptables -P INPUT DROP\n[ -x /sbin/iptables ] && iptables -N a'
    expect(read(script)).toEqual({
      rules: ['-N a'],
      errors: [],
      warnings: ["1:1 '/etc/blocked' is taken not to exist"],
    })
  })
})

// every line agrees with bash 5.2
describe('bash', () => {
  it.each([
    ['arrays', 'x=(22 80); for p in "${x[@]}"; do a $p; done; a ${#x[@]}; a ${x[1]}; a $x', '22 80 2 80 22'],
    [
      'arrays over lines, and added to',
      'x=(22\n # c\n 80\n); x+=(443); for p in ${x[*]}; do a $p; done',
      '22 80 443',
    ],
    ['elements', 'x=(1 2 3); x[1]=22; i=1; a ${x[-1]}; a ${x[$i]}; a ${x[i+1]}', '3 22 3'],
    ['keys', 'x=([2]=22 [5]=80 7); for i in ${!x[@]}; do a $i; done; a ${x[6]}', '2 5 6 7'],
    [
      'declare -A',
      'declare -A m=([web]=80); m[dns]=53; k=web; a ${m[$k]}; a ${m[dns]}; a ${#m[@]}',
      '80 53 2',
    ],
    ['local arrays', 'f() { local x=(5 6); a ${#x[@]}; }; x=(1 2 3); f; a ${#x[@]}', '2 3'],
    [
      'parts of arrays',
      'x=(a/1 b/2 c/3); for p in "${x[@]#*/}"; do a $p; done; y=("${x[@]:1}"); a ${#y[@]}',
      '1 2 3 2',
    ],
    ['empty arrays', 'x=(); a 1${#x[@]}; for p in "${x[@]}"; do a $p; done; unset x; a ${#x[@]}', '10 0'],
    [
      'elements that are taken away',
      'x=(1 22 80); unset "x[0]"; for i in ${!x[@]}; do a $i; done; a ${#x[@]}',
      '1 2 2',
    ],
    ['printf -v', 'printf -v p %02d 7; a 2$p; printf -v "q[1]" %x 22; a ${q[1]}', '207 16'],
    ['read -a', 'IFS=, read -ra x <<< "22,,80"; a ${#x[@]}; a ${x[2]}', '3 80'],
    [
      '=~ and what it found',
      '[[ eth0.80 =~ ^eth([0-9]+)\\.([0-9]+)$ ]] && a ${BASH_REMATCH[2]}; [[ a22 =~ [0-9]+$ ]] && a $BASH_REMATCH',
      '80 22',
    ],
    ['=~ with what is quoted', 'x=. y="^2."; [[ 22 =~ ^2"$x" ]] && a 1; [[ 22 =~ $y ]] && a 22', '22'],
    [
      '[[ ]] divides nothing',
      'x="2 2" e=; [[ $x == "2 2" ]] && a 22; [[ -n $e ]] && a 1; [[ $x == "2*" ]] || a 80',
      '22 80',
    ],
    ['elements of what is split', 'x="1 2"; y=($x); a ${#y[@]}; y=("$x"); a ${#y[@]}', '2 1'],
    ['for ((…))', 'for ((i=1;i<5;i++)); do ((i==2)) && continue; a $i; done', '1 3 4'],
    ['((…))', 'i=1; ((i++)); a $i; ((i+=5, i*=2)); a $i; let i=i+1; a $((i++)); a $((--i))', '2 14 15 15'],
    ['((…)) decides', 'n=0; while ((n < 2)); do a $n; ((n++)); done; ((0)) || a 9; ( (a 1) )', '0 1 9 1'],
    [
      '${x/a/b}',
      'x=abc22; a ${x/abc}; a ${x/#abc/1}; a ${x//[a-c]/4}; z=1/2; a ${z//\\//}',
      '22 122 44422 12',
    ],
    ['${x:1:2}', 'x=123456; a ${x:1:2}; a ${x:3}; a ${x: -2}; a ${x:1:-1}', '23 456 56 2345'],
    [
      '${x^^} and ${x,,}',
      'x=ab; y=${x^^}; [ $y = AB ] && a 1; [ ${x^} = Ab ] && a 2; [ ${y,,} = ab ] && a 3',
      '1 2 3',
    ],
    ['${!x}', 'x=22; y=x; a ${!y}', '22'],
    ['${@:2}', 'f() { a ${@:2:1}; a "${@:3}"; a ${#@}; }; f 1 2 3', '2 3 3'],
    ['<(…)', 'while read p; do a $p; done < <(printf "22\\n80\\n")', '22 80'],
    ['read -a', 'IFS=, read -ra v <<< "22,80"; for p in "${v[@]}"; do a $p; done', '22 80'],
    ['mapfile', 'mapfile -t v <<< "22"; a ${v[0]}; readarray -t v < <(echo 8; echo 9); a ${#v[@]}', '22 2'],
    [
      'case goes on',
      'case 1 in 1) a 1;& 2) a 2;; esac; case 1 in 1) a 4;;& 2) a 5;; *) a 6;; esac',
      '1 2 4 6',
    ],
    ["$'…'", "x=$'22\\t80'; for p in $x; do a $p; done; y=$'it\\'s'; a ${#y}", '22 80 4'],
  ])('%s', (_, script, expected) => {
    expect(ports(`#!/bin/bash\n${script}`)).toBe(expected)
  })

  it('expressions behind =~ that could take for ever, and what pipes write to, are not evaluated', () => {
    const script = `x=${'a'.repeat(40)}b; if [[ $x =~ ^(a+)+$ ]]; then iptables -N a; fi; iptables -N $(cat <(echo b) 2> >(tee x))`
    expect(read(script).errors.map(error => error.replace(/a{40}/, 'aa'))).toEqual([
      "1:49 'aab =~ ^(a+)+$' is not run, and how it ends decides about iptables commands",
    ])
    expect(read(`${script}`, { branches: 'all' }).rules).toEqual(['-N a', '-N b'])
  })

  it('select asks somebody', () => {
    const script = 'select x in a b; do iptables -N $x; iptables -N c; break; done'
    expect(read(script).errors).toHaveLength(1)
    expect(read(script, { branches: 'all' }).rules).toEqual(['-N c'])
  })

  it('an array that a program fills is not known', () => {
    const script =
      'x=($(ip addr)); iptables -A INPUT -s ${x[1]} -j DROP; for i in "${x[@]}"; do iptables -N $i; done'
    expect(read(script).errors[0]).toContain("'ip addr'")
    expect(read(`iptables -N a\n${script}`, { branches: 'all' })).toMatchObject({
      rules: ['-N a'],
      errors: [],
    })
  })
})

describe('what cannot be read', () => {
  it.each([
    ['a variable that is not set', 'iptables -A INPUT -s "$LAN"', "1:22 '$LAN' is not set"],
    ['a program in one', '$IPT -A INPUT', "1:6 '$IPT' is not set"],
    ['if without fi', 'if true; then\niptables -F', '2:12 the script ends in the middle of a command'],
    ['fi without if', 'iptables -F\nfi', "2:1 unexpected 'fi'"],
    ['an open quote', 'iptables -F\necho "abc', '2:6 this quote is never closed'],
    ['an open bracket', 'x=$(echo 1', "1:3 '$(' is never closed"],
    ['${x@Q}', 'echo ${x@Q}', '1:6 this kind of braces is not supported'],
    ['an open array', 'x=(1 2', '1:7 the script ends in the middle of a command'],
    ['an open ((', '((i++)', '1:7 the script ends in the middle of a command'],
    ['no expression', 'echo $((1 +))', "1:9 '$((1 +))' is not supported"],
    ['division by 0', 'echo $((1 / 0))', "1:9 '$((1 / 0))' is not supported"],
    ['coproc', 'coproc cat', "1:1 'coproc' is not supported"],
    ['declare -i', 'declare -i n=1', "1:1 'declare -i' is not supported"],
    ['trap … ERR', "trap 'iptables -F' ERR", "1:6 'trap … ERR' is not supported"],
    ['printf %f', 'printf %f 1', "1:1 'printf' with '%f' is not supported"],
    ['mapfile -C', 'mapfile -C f x < /dev/null', "1:1 'mapfile -C' is not supported"],
    ['loops without end', 'while true; do :; done', '1:16 the script takes too many steps'],
    ['calls without end', 'f() { f; }; f', '1:7 commands call each other without end'],
    ['texts without end', 'x=xx; while true; do x=$x$x; done', '1:22 the script takes too many steps'],
    ['a script without rules', 'echo hello', '1:1 the script runs no iptables command'],
    ['nesting without end', '('.repeat(1000), '1:101 this is nested too deeply'],
    ['nesting with blanks', '( '.repeat(1000), '1:201 this is nested too deeply'],
  ])('%s', (_, script, complaint) => {
    expect(read(script).errors).toEqual([complaint])
  })

  it.each([
    ['a bracket', 'iptables -N a\necho (b)\niptables -N c', ['-N a', '-N c']],
    ['if without fi', 'if true; then\niptables -N a\niptables -N b', ['-N a', '-N b']],
    ['done without do', 'iptables -N a\ndone\niptables -N b', ['-N a', '-N b']],
    ['an open quote', 'echo "\niptables -N a', ['-N a']],
  ])('whoever reads all branches reads on behind %s', (_, script, rules) => {
    const { partial, diagnostics } = parseRules(script, {
      family: 4,
      format: 'script',
      shell: { branches: 'all' },
    })
    expect(diagnostics.filter(({ severity }) => severity === 'error')).toHaveLength(1)
    expect(listCommands(partial!)).toContain(rules.join('\n'))
  })

  it('what stands before the mistake is read, and its mistakes are named too', () => {
    const script = 'iptables -A NOWHERE\niptables -A INPUT -p tcp --dpor 1 -x\nif'
    expect(read(script).errors.map(error => error.split(' ')[0])).toEqual(['1:13', '2:35', '3:3'])
  })
})

const PIECES = [
  ...'if then elif else fi for in do done while until case esac { } ( ) ;; ; & && || | ! \n \n'.split(' '),
  ...'iptables ip6tables -A -N -D INPUT x -j DROP echo read test [ ] [[ ]] eval set shift local exit return'.split(
    ' ',
  ),
  ...'$x ${x} ${x:-y} ${x%%*} $1 "$@" $* $(echo `date` ) ` " \' \\ # = x= y=$x i=$((i+1)) $((1/0)) <<E E\n > < 2>&1'.split(
    ' ',
  ),
  ...'break continue f() f iptables-restore iptables-save cat grep sed modprobe -n -z != -lt {1..3} \u00e9 \ue000 \t'.split(
    ' ',
  ),
]

it('reads 2,000 texts that look like scripts: each ends, with rules or with an error', () => {
  let state = 7
  const random = (limit: number): number => {
    state = (Math.imul(state, 1103515245) + 12345) & 0x7fffffff
    return (state >>> 8) % limit
  }
  for (let run = 0; run < 2_000; run++) {
    const text = Array.from({ length: 3 + random(40) }, () => PIECES[random(PIECES.length)]!).join(' ')
    const shell = run % 2 === 0 ? {} : { commandOutput: () => 'a b\nc' }
    try {
      const { ruleset, diagnostics } = parseRules(text, { family: 4, format: 'script', shell })
      expect(ruleset !== undefined || diagnostics.some(({ severity }) => severity === 'error')).toBe(true)
      const lines = text.split('\n').length
      for (const { line, column } of diagnostics) {
        expect(line >= 1 && line <= lines && column >= 1).toBe(true)
      }
    } catch (error) {
      throw new Error(`run ${run}: ${JSON.stringify(text)}`, { cause: error })
    }
  }
}, 60_000)

describe('every branch', () => {
  const all: ShellOptions = { branches: 'all' }

  it.each([
    ['both sides of an if', 'if [ -e /x ]; then a 22; elif false; then a 80; else a 443; fi', '22 80 443'],
    [
      'every arm of a case',
      'case $1 in start) a 22;; stop) a 80;; *) a 443; exit 1;; esac; a 1',
      '22 80 443 1',
    ],
    ['both sides of && and ||', 'test -n "$x" && a 22; true || a 80', '22 80'],
    [
      'a function where it is written, called or not',
      'f() { iptables -A INPUT -p tcp --dport 22; }; a 80; f',
      '22 80',
    ],
    ['a function with parameters where it is called', 'f() { a "$1"; a 9; }; a 80; f 22', '80 22 9'],
    ['branches without commands as they are taken', 'if false; then p=1; else p=22; fi; a $p', '22'],
    ['loops over what is known', 'for p in 22 80; do a $p; done', '22 80'],
    [
      'behind exit and return',
      'f() { iptables -A INPUT -p tcp --dport 22; return; }; a 80; exit; a 443',
      '22 80 443',
    ],
  ])('%s', (_, script, expected) => {
    expect(ports(script, all)).toBe(expected)
  })

  it('leaves out what only running it could tell, and says so', () => {
    const script = [
      'for ip in $(ip -4 addr show); do iptables -A INPUT -s $ip -j DROP; iptables -A INPUT -p tcp --dport 22; done',
      'iptables -A INPUT -s $UNSET -j DROP',
      '( echo "*nat"; curl http://x | while read l; do echo "-A PREROUTING -s $l"; done; echo COMMIT ) | iptables-restore',
      'iptables -A INPUT -p tcp --dport 80',
    ].join('\n')
    const { rules, errors, warnings } = read(script, all)
    expect(rules).toEqual(['-A INPUT -p tcp -m tcp --dport 22', '-A INPUT -p tcp -m tcp --dport 80'])
    expect(errors).toEqual([])
    expect(warnings).toEqual([
      "1:13 'ip' is not run",
      "1:34 left out: what 'ip -4 addr show' prints is not known here",
      "2:1 left out: '$UNSET' is not known here",
      "3:16 'curl' is not run",
    ])
  })

  it('what the kernel refuses in a branch that is not taken is a warning', () => {
    const { errors, warnings } = read(
      'if false; then iptables -F NOWHERE; fi; iptables -A INPUT -j DROP',
      all,
    )
    expect(errors).toEqual([])
    expect(warnings).toEqual([expect.stringContaining('NOWHERE')])
  })
})

describe('a script with errors', () => {
  it('leaves what its other commands make', () => {
    const script =
      'iptables -A INPUT -j DROP\niptables -A INPUT --nonsense\niptables -A INPUT -j TOS --set-tos 4\n'
    const { ruleset, partial, diagnostics } = parseRules(script, { family: 4 })
    expect(ruleset).toBeUndefined()
    expect(listCommands(partial!)).toContain('-A INPUT -j DROP\n')
    expect(listCommands(partial!)).not.toContain('TOS')
    expect(diagnostics.map(({ line }) => line)).toEqual([2, 3])
  })

  it.each([
    ['iptables-restore', '-A INPUT -j DROP'],
    ['iptables-restore -n', '-A INPUT -j ACCEPT\n-A INPUT -j DROP'],
    ['iptables-restore --noflush', '-A INPUT -j ACCEPT\n-A INPUT -j DROP'],
  ])('%s', (restore, rules) => {
    const script = `iptables -A INPUT -j ACCEPT\n${restore} <<END\n*filter\n-A INPUT -j DROP\nCOMMIT\nEND\n`
    expect(listCommands(parseRules(script, { family: 4 }).ruleset!)).toContain(`\n${rules}\n`)
  })
})
