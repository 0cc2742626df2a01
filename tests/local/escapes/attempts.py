"""The attempts, by the promise that each is about, and what comes of them where."""

from collections.abc import Collection, Mapping
from pathlib import Path

from attrs import frozen

from agb.local.sandbox.promises import PROMISES, Kept, Kind


@frozen
class Attempt:
    """One of the attacker's attempts.

    Attributes:
        name: Its function.
        promise: The promise that it would break.
        partly: Whether it succeeds where that is kept in part; where it is not told, that depends
            on the machine.
        unsure: Where something else than the sandbox may be in its way.
    """

    name: str
    promise: str
    partly: Mapping[Kind, bool] = {}
    unsure: Collection[Kind] = ()

    def succeeds(self, kind: Kind) -> bool | None:
        """Tell whether it succeeds; None if that depends on the machine."""
        if kind in self.unsure:
            return None
        kept = next(each for each in PROMISES if each.name == self.promise).kept[kind]
        if kept is Kept.PARTLY:
            return self.partly.get(kind)
        return kept is Kept.NO


_YAMA = Path("/proc/sys/kernel/yama/ptrace_scope")
CLOSED = tuple(Kind) if _YAMA.exists() and _YAMA.read_text() != "0\n" else ()
"""Where the kernel lets no process into another one that it has not started."""
TRACED = (Kind.PROOT_APART, Kind.PROOT)
"""Where processes have a tracer, and a second one is refused."""
NEVER = dict.fromkeys(Kind, False)

ATTEMPTS = (
    Attempt("read_a_file_of_another_session", "others' files"),
    Attempt("change_a_file_of_another_session", "others' files"),
    Attempt("read_the_store", "store"),
    Attempt("read_what_only_the_server_may", "system files"),
    Attempt("write_outside", "outside writes"),
    Attempt("read_the_environment_of_the_server", "server's memory"),
    Attempt("read_the_memory_of_the_server", "server's memory", unsure=CLOSED),
    Attempt("see_the_open_files_of_the_server", "server's memory"),
    Attempt("signal_the_server", "others' processes"),
    Attempt("signal_a_process_of_another_session", "others' processes"),
    Attempt("trace_a_process_of_another_session", "others' processes", unsure=(*TRACED, *CLOSED)),
    Attempt("see_the_processes_of_the_machine", "process list"),
    Attempt("connect_to_the_loopback_of_the_machine", "network"),
    Attempt("connect_to_an_abstract_socket", "network"),
    Attempt("connect_to_a_socket_with_a_path", "outside writes"),
    Attempt("ask_the_server_without_its_key", "admin surface", NEVER),
    Attempt("find_the_environment_of_the_server_in_ones_own", "server's environment"),
    Attempt("use_a_key_of_the_servers_keyring", "keyrings"),
    Attempt("read_a_disk", "root"),
    Attempt("become_root", "root"),
    Attempt("gain_privileges_by_a_setuid_program", "setuid programs"),
    Attempt("make_a_user_namespace", "namespaces"),
    Attempt("mount_something", "namespaces"),
    Attempt("get_hold_of_the_agents_sockets", "agent"),
    Attempt("change_the_memory_of_the_agent", "agent"),
    Attempt("change_the_program_of_the_agent", "programs"),
    Attempt("change_the_interpreter", "programs"),
    Attempt("raise_a_limit", "limits"),
    Attempt("leave_the_control_group", "limits"),
    Attempt("leave_a_core_file", "limits"),
    Attempt("make_a_file_that_is_too_large", "file size", NEVER),
)
