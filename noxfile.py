"""Every check of this project, and every way to run it.

`python3 -m nox -l` lists them; what is not needed everywhere says what it needs.
"""

import shutil
import subprocess
import sys
from pathlib import Path

import nox

nox.needs_version = ">=2025.2.9"
nox.options.default_venv_backend = "virtualenv"
nox.options.error_on_missing_interpreters = False
nox.options.sessions = ["tests"]

PROJECT = nox.project.load_toml("pyproject.toml")
VERSIONS = ("3.11", "3.12", "3.13")
SPREAD = ("-n", "logical", "--maxprocesses", "4", "--dist", "loadfile")
"""Files of tests are shared out among processes; `-- -n 0` runs them in one, one after another."""


def found(version: str) -> str:
    """Return an interpreter of a version; its name alone where none is found.

    A shim of pyenv is on the path whether or not its version is switched on, so what is found is
    asked, and then the versions that lie beside this one are looked through.
    """
    kept = sorted(Path(sys.base_prefix).parent.glob(f"{version}.*/bin/python3"))
    for candidate in (sys.executable, shutil.which(f"python{version}"), *map(str, kept)):
        if candidate and version_of(candidate) == version:
            return candidate
    return version


def version_of(python: str) -> str:
    """Ask an interpreter for its version."""
    asked = subprocess.run(
        [python, "-c", "import sys; print('%d.%d' % sys.version_info[:2])"],
        capture_output=True,
        check=False,
        text=True,
    )
    return asked.stdout.strip()


def group(name: str) -> list[str]:
    """Return the requirements of a dependency group."""
    return list(nox.project.dependency_groups(PROJECT, name))


@nox.session(python=[found(version) for version in VERSIONS])
def tests(session: nox.Session) -> None:
    """All tests, on every Python found among 3.11, 3.12 and 3.13, with coverage."""
    session.install(".[local]", *group("tests"))
    session.run("coverage", "erase")
    session.run("coverage", "run", "-m", "pytest", *SPREAD, *session.posargs)
    session.run("coverage", "combine", "--quiet")
    session.run("coverage", "report", *([] if session.posargs else ["--fail-under=95"]))


@nox.session
def faults(session: nox.Session) -> None:
    """All cells of `docs/faults.md`, and a strike at every point of a scenario; 15 minutes."""
    session.install(".[local]", *group("tests"))
    told = {"AGB_TEST_FAULTS": "all"}
    session.run("python", "tests/faults/page.py")
    found = session.posargs or ["tests/faults", "tests/test_every_checkpoint.py"]
    session.run("pytest", *SPREAD, *found, env=told)


@nox.session
def soak(session: nox.Session) -> None:
    """2,000 sessions, 200 at once, with faults; `-- --sessions 60 --at-once 20` is short."""
    session.install(".[local]", *group("tests"))
    session.run("python", "tests/soak.py", *session.posargs)


@nox.session
def tests_httpx2(session: nox.Session) -> None:
    """All tests with httpx2, the maintained continuation of httpx, standing in for httpx."""
    session.install(".[local]", "httpx2>=2.16", *group("tests"))
    session.run("pytest", *SPREAD, *session.posargs, env={"AGB_TEST_HTTPX": "httpx2"})


@nox.session
def tests_aiohttp(session: nox.Session) -> None:
    """Tests of the client of tasks with aiohttp in place of the pool: a transport handed in."""
    session.install(".[local]", *group("tests"))
    found = session.posargs or ["tests/_async", "tests/conformance/_async"]
    session.run("pytest", *SPREAD, *found, env={"AGB_TEST_TRANSPORT": "aiohttp"})


@nox.session
def demo(session: nox.Session) -> None:
    """The main job, twice: an AGB on this machine, through `AsyncAGB` and through `AGB`."""
    session.install(".[local]")
    session.run("python", "docs/demo", *session.posargs)


@nox.session
def twin(session: nox.Session) -> None:
    """Write everything under `_sync/` from the `_async/` beside it."""
    session.install(*group("twin"))
    session.run("python", "scripts/twin.py", *session.posargs)


@nox.session
def twin_check(session: nox.Session) -> None:
    """Tell whether anything under `_sync/` is stale, missing or orphaned, or a rule unused."""
    session.install(*group("twin"))
    session.run("python", "scripts/twin.py", "--check")


@nox.session
def lint(session: nox.Session) -> None:
    """Style: ruff, with all rules; each one that is left out has its reason in pyproject.toml."""
    session.install(*group("lint"))
    session.run("ruff", "check")
    session.run("ruff", "format", "--check")


@nox.session
def types(session: nox.Session) -> None:
    """Types: mypy and pyright, both strict, and every public name completely typed."""
    session.install(".[local]", *group("tests"), *group("types"))
    session.run("mypy")
    session.run("pyright", "--pythonpath", session.virtualenv.bin + "/python")
    session.run("pyright", "--verifytypes", "agb", "--ignoreexternal")


@nox.session
def peer(session: nox.Session) -> None:
    """A stranger's client, `agbcloud-sdk` from PyPI, against an AGB on this machine."""
    session.install(".[local]", "matplotlib", "pandas")
    theirs = Path(session.virtualenv.location) / "theirs"  # both packages are called `agb`
    session.run("python", "-m", "venv", "--clear", str(theirs))
    python = str(theirs / "bin" / "python")
    session.run(python, "-m", "pip", "install", "--quiet", *group("peer"), external=True)
    session.run("python", "tests/peer", python, *session.posargs)


@nox.session
def install(session: nox.Session) -> None:
    """A plain `pip install .`: what it brings, and that `import agb` needs no more."""
    session.install(".")
    session.run("python", "-c", "import agb; print('agb', agb.__version__)")
    session.run("python", "-m", "pip", "list")


@nox.session
def bench(session: nox.Session) -> None:
    """Benchmarks beside rivals; `-- --quick` takes three minutes; words choose areas."""
    session.install(".[local]", *group("bench"))
    pythons: dict[str, str] = {}
    for name, wanted in (("plain", ["."]), ("official", group("peer"))):
        folder = Path(session.virtualenv.location) / name
        session.run("python", "-m", "venv", "--clear", str(folder))
        pythons[name] = str(folder / "bin" / "python")
        session.run(pythons[name], "-m", "pip", "install", "--quiet", *wanted, external=True)
    told = [f"--{name}={python}" for name, python in pythons.items()]
    session.run("python", "benchmarks", *told, *session.posargs)


@nox.session
def serve(session: nox.Session) -> None:
    """An AGB on this machine until Ctrl-C; options go behind `--`."""
    session.install(".[local]")
    session.run("agb", "local", *session.posargs)
