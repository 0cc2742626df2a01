"""Pure: background processes of a session, by nothing but its shell.

Each has a folder in the session, made by whoever is first to start it: `mkdir` is the claim. There
a supervisor, in a session of its own that no request waits for, starts the command in a process
group of its own, waits for its end and records the exit code:

| file | what is in it |
| --- | --- |
| `command` | the command line |
| `stdout`, `stderr` | what the command has written so far |
| `supervisor` | pid of the supervisor; before there is one, of the shell that starts it |
| `pid` | pid of the command, which is its group's too, and when it started |
| `exit` | exit code; the whole file appears at once, and nobody but the supervisor writes it |
| `input`, `more`, `stdin` | what was sent to standard input, and the pipes that feed it on |

A process id can be used anew by the system. So a supervisor is known by its command line, a
command by the time that it started, and what is left of its group by an environment variable.
"""

from agb._shell import BECOME_THE_COMMAND

UNKNOWN, ENDED, RUNNING, NO_STDIN, CLOSED = range(93, 98)
"""Exit codes of scripts that could not do what was asked."""

_FOLDERS = """\
base=${TMPDIR:-/tmp}/.agb/processes
id=$AGB_PROCESS
folder=$base/$id
"""

_LOOK = """\
alive() {
  pid=$(cat "$folder/supervisor" 2>/dev/null) && [ -n "$pid" ] || return
  if [ -r /proc/self/cmdline ]; then
    tr '\\0' ' ' <"/proc/$pid/cmdline"
  else
    ps -p "$pid" -o args=
  fi 2>/dev/null | grep -qF "processes/$id/"
}
started() {
  sed 's/.*) //' "/proc/$1/stat" 2>/dev/null | cut -d ' ' -f 20
}
look() {
  [ -e "$folder/supervisor" ] || sleep 1
  code=
  if [ ! -e "$folder/exit" ] && ! alive && [ ! -e "$folder/exit" ]; then
    state=lost
  elif code=$(cat "$folder/exit" 2>/dev/null); then
    state=exited
  else
    state=running
  fi
  pid= start=
  [ ! -e "$folder/pid" ] || read -r pid start <"$folder/pid"
}
look_once_begun() {
  while look && [ "$state" = running ] && [ -z "$pid" ]; do
    sleep 0.05
  done
}
"""

_KNOWN = f'[ -d "$folder" ] || exit {UNKNOWN}\n'

_SUPERVISE = """\
folder=${0%/*}
trap : HUP INT TERM
echo "$$" >"$folder/supervisor.new" && mv "$folder/supervisor.new" "$folder/supervisor" || exit
feed() {
  while read -r more <&3; do
    cat <&4 && [ "$more" = yes ] || break
  done
}
from=/dev/null
if [ -p "$folder/stdin" ]; then
  from=$folder/stdin
  exec 3<>"$folder/more" 4<"$folder/input"
  feed >"$from" &
fi
setsid "${BASH:-$(command -v sh)}" "$folder/launch" \
  <"$from" >>"$folder/stdout" 2>>"$folder/stderr" 3<&- 4<&-
code=$?
[ "$from" = /dev/null ] || kill "$!"
echo "$code" >"$folder/exit.new" && mv "$folder/exit.new" "$folder/exit"
"""

_LAUNCH = f"""\
folder=${{0%/*}}
started=$(sed 's/.*) //' "/proc/$$/stat" 2>/dev/null | cut -d ' ' -f 20)
echo "$$ $started" >"$folder/pid.new" && mv "$folder/pid.new" "$folder/pid" || exit 126
export AGB_PROCESS_FOLDER="$folder/"
unset AGB_PROCESS AGB_STDIN AGB_STDOUT AGB_STDERR AGB_MOST
{BECOME_THE_COMMAND}"""

_START = f"""\
mkdir -p "$base" || exit
if mkdir -m 700 "$folder" 2>/dev/null; then
  trap 'rm -rf "$folder"' EXIT
  set -e
  echo "$$" >"$folder/starting"
  mv "$folder/starting" "$folder/supervisor"
  printf %s "$AGB_COMMAND" >"$folder/command"
  : >"$folder/stdout" >"$folder/stderr"
  if [ -n "$AGB_STDIN" ]; then
    : >"$folder/input"
    mkfifo "$folder/more" "$folder/stdin"
  fi
  cat >"$folder/launch" <<'END'
{_LAUNCH}END
  cat >"$folder/supervise" <<'END'
{_SUPERVISE}END
  setsid --fork "${{BASH:-$(command -v sh)}}" "$folder/supervise" </dev/null >/dev/null 2>&1 || {{
    echo "background processes need setsid with its option --fork, as util-linux has it" >&2
    exit 1
  }}
  set +e
  trap - EXIT
elif [ ! -d "$folder" ]; then
  echo "$folder could not be made" >&2
  exit 1
fi
look_once_begun
"""

_READ = """\
look
echo "$state ${pid:--} $code"
for stream in stdout stderr; do
  size=$(wc -c <"$folder/$stream") || exit
  echo "$((size))"
  case $stream in stdout) offset=$AGB_STDOUT ;; *) offset=$AGB_STDERR ;; esac
  if [ -n "$offset" ]; then
    tail -c "+$((offset + 1))" "$folder/$stream" | head -c "$AGB_MOST" | base64 | tr -d '\\n'
  fi
  echo
done
"""

_SIGNAL = f"""\
ours() {{
  [ "$(started "$pid")" = "$start" ] ||
    grep -qsaF "AGB_PROCESS_FOLDER=$folder/" /proc/[0-9]*/environ
}}
look_once_begun
[ -n "$pid" ] && ours || exit {ENDED}
if ! refused=$(kill -s "$AGB_SIGNAL" -- "-$pid" 2>&1); then
  kill -s 0 -- "-$pid" 2>/dev/null || exit {ENDED}
  echo "$refused" >&2
  exit 1
fi
"""

_WRITE = f"""\
[ -p "$folder/more" ] || exit {NO_STDIN}
[ ! -e "$folder/closed" ] || exit {CLOSED}
look
[ "$state" = running ] || exit {ENDED}
printf %s "$AGB_DATA" | base64 -d >>"$folder/input" || exit
[ "$AGB_MORE" = yes ] || : >"$folder/closed"
echo "$AGB_MORE" 1<>"$folder/more"
"""

_REMOVE = f"""\
look
[ "$state" != running ] || exit {RUNNING}
rm -rf "$folder"
"""

_LIST = """\
for folder in "$base"/*/; do
  folder=${folder%/} id=${folder##*/}
  [ -d "$folder" ] || continue
  look
  echo "$id $state ${pid:--} ${code:--} $(base64 <"$folder/command" | tr -d '\\n')"
done
"""

READ = f"{_FOLDERS}{_KNOWN}{_LOOK}{_READ}"
"""Tell the state, both sizes and, from offsets on, a piece of each stream."""
SIGNAL = f"{_FOLDERS}{_KNOWN}{_LOOK}{_SIGNAL}"
"""Send a signal to the process group."""
WRITE = f"{_FOLDERS}{_KNOWN}{_LOOK}{_WRITE}"
"""Send to standard input, or close it."""
REMOVE = f"{_FOLDERS}{_KNOWN}{_LOOK}{_REMOVE}"
"""Remove the folder of a process that has ended."""
LIST = f"{_FOLDERS}{_LOOK}{_LIST}"
"""Tell of each process its id, its state and its command."""


def start(process_id: str) -> str:
    """Return the script that starts a process, unless one has that id already.

    The id is in the text, so that the shell that runs it is known by its command line, too.
    """
    return f": processes/{process_id}/\n{_FOLDERS}{_LOOK}{_START}{_READ}"
