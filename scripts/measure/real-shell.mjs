/** A shell script, run for real where it can do no harm: in a root directory, and in namespaces, of its own. */
import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'

/** What /etc/hosts says there. */
export const HOSTS = {
  localhost: { 4: ['127.0.0.1'], 6: ['::1'] },
}

const TOOLS =
  'sh bash cat grep egrep fgrep sed awk cut tr head tail sort uniq wc expr seq tac rev basename dirname date env printf mktemp paste xargs mkdir echo true false expr test which readlink'
const IPTABLES = ['iptables', 'ip6tables'].flatMap(name => [name, `${name}-save`, `${name}-restore`])

/** Why no script can be run here; undefined if it can. */
export function unableToRun() {
  if (process.platform !== 'linux') return 'this is not Linux'
  if (process.getuid?.() !== 0) return 'this needs root (namespaces)'
  if (spawnSync('iptables-legacy', ['--version']).status !== 0) return 'there is no iptables-legacy here'
  if (spawnSync('unshare', ['-n', '-m', '-p', '-f', 'true']).status !== 0)
    return 'no namespaces can be made here'
  return undefined
}

/**
 * @param programs names of what shall print nothing and succeed
 * @returns tables: what iptables-save and ip6tables-save print afterwards; complaints: the lines of standard error
 */
export function runForReal(path, text, programs) {
  const work = mkdtempSync(join(tmpdir(), 'netfilter-sim-script-'))
  try {
    mkdirSync(join(work, 'root'))
    writeFileSync(join(work, 'hosts'), hostsText())
    writeFileSync(join(work, 'script'), readFileSync(path))
    const shell = /^#!.*\bbash\b/.test(text) ? 'bash' : 'sh'
    const stubs = [...programs].map(name => basename(name)).filter(name => /^[\w.+-]+$/.test(name))
    const found = spawnSync(
      'unshare',
      ['-n', '-m', '-p', '-f', 'sh', '-c', SETUP, 'setup', work, shell, ...stubs],
      {
        encoding: 'utf8',
        timeout: 120_000,
        maxBuffer: 1e9,
      },
    )
    const read = name => readFileSync(join(work, name), 'utf8').replace(/^# .*\n/gm, '')
    return {
      tables: [read('legacy4'), read('legacy6')],
      complaints: readFileSync(join(work, 'stderr'), 'utf8')
        .split('\n')
        .filter(line => line !== ''),
      isTimedOut: found.error !== undefined,
    }
  } finally {
    rmSync(work, { recursive: true })
  }
}

function hostsText() {
  return Object.entries(HOSTS)
    .flatMap(([name, addresses]) => [...addresses[4], ...addresses[6]].map(address => `${address} ${name}\n`))
    .join('')
}

// $1: the working directory, $2: the shell, the rest: programs that do nothing. Everything mounted here is gone with
// the namespace. Programs stand in one directory, which has all the names that scripts look for them under.
const SETUP = `
set -e
work=$1 shell=$2
shift 2
root=$work/root
mount --make-rprivate /
mount -t tmpfs none $root
cd $root
mkdir -p bin usr/lib etc proc dev run tmp root usr/local var/lock var/log
ln -s bin sbin
ln -s ../bin usr/bin
ln -s ../bin usr/sbin
ln -s ../../bin usr/local/bin
ln -s ../../bin usr/local/sbin
ln -s ../run var/run
ln -s usr/lib lib
[ ! -e /lib64 ] || cp -aH /lib64 lib64 2>/dev/null || true
mount --bind /usr/lib usr/lib
mount -o remount,bind,ro usr/lib
mount -t proc -o ro proc proc
for file in protocols services nsswitch.conf; do cp /etc/$file etc/; done
cp $work/hosts etc/hosts
echo root:x:0:0::/root:/bin/sh > etc/passwd
echo root:x:0: > etc/group
: > dev/null
mount --bind /dev/null dev/null
ln -s /proc/self/fd dev/fd
for program in "$@"; do printf '#!/bin/sh\\nexit 0\\n' > bin/$program; chmod 755 bin/$program; done
for program in ${TOOLS}; do [ ! -x "$(command -v $program)" ] || cp --remove-destination -L "$(command -v $program)" bin/; done
printf '#!/bin/sh\\nexec "$@"\\n' > bin/sudo
chmod 755 bin/sudo
for program in ${IPTABLES.join(' ')}; do
  legacy=$(echo $program | sed 's/tables/tables-legacy/')
  cp --remove-destination -L /usr/sbin/xtables-legacy-multi bin/$program
  ln -sf $program bin/$legacy
done
cp $work/script root/script
set +e
env -i PATH=/sbin:/bin /usr/sbin/chroot . /bin/$shell /root/script start < /dev/null > $work/stdout 2> $work/stderr
chroot . /bin/iptables-save > $work/legacy4
chroot . /bin/ip6tables-save > $work/legacy6
`
