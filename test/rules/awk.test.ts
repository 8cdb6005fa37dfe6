import { describe, expect, it } from 'vitest'
import { runTool } from '../../src/rules/shell/tools/index.ts'

const RULES = `*filter
:INPUT ACCEPT [0:0]
:x - [0:0]
-A INPUT -p tcp -j ACCEPT
-A INPUT -p tcp -j ACCEPT
COMMIT
*nat
-A INPUT -p tcp -j ACCEPT
COMMIT
`

/** What stands behind `awk`, what comes in, and what mawk prints of it (LC_ALL=C); last how it ends, if not with 0. */
const PRINTED: readonly [args: string[], input: string, output: string, code?: number][] = [
  [['!x[$0]++'], 'a\nb\na\n', 'a\nb\n'],
  [
    ['/^COMMIT$/ { delete x; }; !x[$0]++'],
    RULES,
    '*filter\n:INPUT ACCEPT [0:0]\n:x - [0:0]\n-A INPUT -p tcp -j ACCEPT\nCOMMIT\n*nat\n-A INPUT -p tcp -j ACCEPT\nCOMMIT\n',
  ],
  [
    ['{if($1=="COMMIT"){delete x}}$1=="-A"?!x[$0]++:1'],
    RULES,
    '*filter\n:INPUT ACCEPT [0:0]\n:x - [0:0]\n-A INPUT -p tcp -j ACCEPT\nCOMMIT\n*nat\n-A INPUT -p tcp -j ACCEPT\nCOMMIT\n',
  ],
  [
    ['{$1="";print $0}'],
    RULES,
    '\n ACCEPT [0:0]\n - [0:0]\n INPUT -p tcp -j ACCEPT\n INPUT -p tcp -j ACCEPT\n\n\n INPUT -p tcp -j ACCEPT\n\n',
  ],
  [['/^[*]/ { print $1 } /COMMIT/ { print $0; }'], RULES, '*filter\nCOMMIT\n*nat\nCOMMIT\n'],
  [
    ['/^[*]/ { print $1 }\n  /^:[A-Z]+ [^-]/ { print $1 " ACCEPT" ; }\n  /COMMIT/ { print $0; }'],
    RULES,
    '*filter\n:INPUT ACCEPT\nCOMMIT\n*nat\nCOMMIT\n',
  ],
  [
    [
      '/^\\*/ {\n table = substr($0, 2)\n next\n}\n/^-A / && /tcp/ {\n cmd = $0\n sub(/^-A /, "iptables -t " table " -D ", cmd)\n lines[++n] = cmd\n}\nEND {\n for (i = n; i >= 1; i--) print lines[i]\n}',
    ],
    RULES,
    'iptables -t nat -D INPUT -p tcp -j ACCEPT\niptables -t filter -D INPUT -p tcp -j ACCEPT\niptables -t filter -D INPUT -p tcp -j ACCEPT\n',
  ],
  [['{x += $1} END {print x}'], '1\n2\n3.5\n', '6.5\n'],
  [['-F:', '{print $2}'], 'a:b:c\nd\n', 'b\n\n'],
  [['-F', '[ :]+', '{print $3, NF}'], 'a: b :c\nd\n', 'c 3\n 1\n'],
  [['-v', 'n=3', 'NR==n{print; exit}'], 'a\nb\nc\nd\n', 'c\n'],
  [['-v', 's=10.0.0.2', '$0 ~ s {print $1; exit}'], 'x 10.0.0.1\ny 10.0.0.2\n', 'y\n'],
  [['BEGIN {OFS=":"} {$1=$1; print}'], 'a b c\n d  e\n', 'a:b:c\nd:e\n'],
  [['{gsub(/[0-9]+/,"<&>"); print}'], 'a1b22\nccc\n', 'a<1>b<22>\nccc\n'],
  [['{n=gsub("b","\\\\&"); print n, $0}'], 'abab\n', '2 a&a&\n'],
  [['{print toupper($1) tolower($2), length($0), length, index($0,"b")}'], 'ab CD\n', 'ABcd 5 5 2\n'],
  [['{n=split($0,a,","); for(i=n;i>0;i--) printf "%s ", a[i]; print ""}'], '1,2,3\n\n', '3 2 1 \n\n'],
  [['{n=split($2,a,/[.]/); print a[1]+a[4]}'], 'x 10.0.0.2\n', '12\n'],
  [['match($0,/[0-9]+/){print RSTART,RLENGTH,substr($0,RSTART,RLENGTH)}'], 'abc123d\nx\n', '4 3 123\n'],
  [['$3 > max {max=$3; who=$1} END {print who, max+0}'], 'a 1 5\nb 1 12\nc 1 9\n', 'b 12\n'],
  [['{print ($1 > 5 ? "big" : "small")}'], '3\n7\n10\nabc\n', 'small\nbig\nbig\nbig\n'],
  [['$1 == "10"'], '10\n10.0\n', '10\n'],
  [['$1 == 10'], '10\n10.0\n1e1\n', '10\n10.0\n1e1\n'],
  [
    ['{i=0; while (i<NF) { i++; if ($i=="dev") {print $(i+1); break} }}'],
    'default via 1.2.3.4 dev eth0 proto\n',
    'eth0\n',
  ],
  [
    ['{for (i=1;i<=NF;i++) if ($i=="dev") print $(i+1)}'],
    'default via 1.2.3.4 dev eth0 proto\nx dev y\n',
    'eth0\ny\n',
  ],
  [['/a/{f=1;next} f'], 'x\na\nb\nc\n', 'b\nc\n'],
  [['END{print NR}'], 'a\nb\n', '2\n'],
  [['{c[$1]++} END {print c["a"], c["b"], ("z" in c), length(c)}'], 'a\nb\na\n', '2 1 0 2\n'],
  [['NF>1 && !/^#/ {print $NF, $(NF-1)}'], '# x y\na b c\nd\n', 'c b\n'],
  [['{a=$1; b=$2; print a-b, a*b, a/b, a%b, a^b, -a, +b}'], '7 2\n', '5 14 3.5 1 49 -7 2\n'],
  [['{print $1 $2; print $1,$2; print $1" "$2}'], 'a b\n', 'ab\na b\na b\n'],
  [['{print; print ""} END {exit 3}'], 'a\n', 'a\n\n', 3],
  [
    ['{ if ($1 ~ /^1/) print "one"; else if ($1 ~ "^2") print "two"; else { print "other" } }'],
    '10\n20\n30\n',
    'one\ntwo\nother\n',
  ],
  [['$2 !~ /x/ || $1 == "k"'], 'a x\nb y\nk x\n', 'b y\nk x\n'],
  [
    ['{x[$1]=$2} END { if ("a" in x) print x["a"]; delete x["a"]; if (!("a" in x)) print "gone" }'],
    'a 1\nb 2\n',
    '1\ngone\n',
  ],
  [['do_not_know'], 'a\n', ''],
  [['{s = s sep $1; sep=","} END {print s}'], 'a\nb\nc\n', 'a,b,c\n'],
  [['{print -$1, !$1, 2 - 1, 2 -1}'], '3\n', '-3 0 1 1\n'],
  [['{ $3 = "new"; print; print NF }'], 'a b\n', 'a b new\n3\n'],
  [['{ $5 = "e"; print NF ":" $0 }'], 'a b\n', '5:a b   e\n'],
  [['BEGIN { print "hi" }'], '', 'hi\n'],
  [['# comment\n{ print $1 } # more\n'], 'a b\n', 'a\n'],
  [['{print $1,\n $2}'], 'a b\n', 'a b\n'],
  [['$1=="a" &&\n$2=="b"'], 'a b\na c\n', 'a b\n'],
  [['{print length()}'], 'abc\n', '3\n'],
  [['{print substr("hello",2)}'], 'a\n', 'ello\n'],
  [['{ print $1; exit } END { print "end" }'], 'a\nb\n', 'a\nend\n'],
  [['BEGIN{FS=","} {print $2}'], 'a,b\n', 'b\n'],
  [['{print 1==1.0, "a"<"b", "10"<"9", 10<9}'], 'a\n', '1 1 1 0\n'],
  [['{$2=""; print}'], 'a b c\n', 'a  c\n'],
  [['{sub(/^ +/,""); print}'], '   x\n', 'x\n'],
  [['{print NR": "$0}'], 'x\ny\n', '1: x\n2: y\n'],
  [['{print index("abc","c") ? "yes":"no"}'], 'x\n', 'yes\n'],
  [['-F|', '{print $2}'], 'a|b\n', 'b\n'],
  [['-F.', '{print $2}'], 'a.b\n', 'b\n'],
  [['-F\\t', '{print $2}'], 'a b\tc\n', 'c\n'],
  [['-F\\|', '{print $2}'], 'a|b\n', 'b\n'],
  [['-F "', '{print $2}'], 'a "b" c\n', 'b" c\n'],
  [['-F', 'dpt:', '{print $2}'], 'x dpt:22 y\n', '22 y\n'],
]

const run = (args: readonly string[], input = ''): ReturnType<typeof runTool> =>
  runTool(
    'awk',
    args,
    () => input,
    () => undefined,
  )

describe('awk', () => {
  it.each(PRINTED)('%j', (args, input, output, code = 0) => {
    expect(run(args, input)).toEqual({ output, code })
  })

  it.each([
    ['a file', '{print > "file"}'],
    ['a pipe', '{print | "sort"}'],
    ['another program', '{system("ls")}'],
    ['input of its own', '{getline; print}'],
    ['a function of its own', 'function f(x) { return x } {print f($1)}'],
    ['an order that nobody knows', '{x[$1]} END {for (k in x) print k}'],
    ['a range of lines', '/b/,/c/'],
    ['numbers that awks print differently', '{print 100000*100000}'],
    ['what awks cut differently', '{print substr($0,0,2)}'],
    ['a fraction in a format', '{printf "%.2f", $1}'],
    ['a mistake', '{print $1'],
    ['no end', 'BEGIN {while (1) n++}'],
    ['an expression that takes for ever', '/(a+)+$/'],
  ])('%s: it is not known what comes out', (_, program) => {
    expect(run([program], '1 b\n2 c\n')).toBeUndefined()
  })
})
