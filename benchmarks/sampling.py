"""Samples: each in a fresh process, contestants in turn, so that a busy machine slows all."""

import http.client
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Generator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import certifi
import trustme

HERE = Path(__file__).parent
DELAYS = (0, 20, 100)
"""Milliseconds between a request and its answer that a stub can be had with."""

Sample = Mapping[str, Any]
Samples = Mapping[str, list[Sample]]


class SampleFailed(Exception):  # noqa: N818 - says what happened
    """A contestant did not do what it should: nothing of it counts."""


class Bench:
    """Where samples come from: each of ours and the official one in an environment of its own.

    Args:
        quick: Whether to be content with little.
        official: The Python that has the published SDK.
        plain: A Python that has nothing but ours.
        folder: For files.
    """

    def __init__(self, *, quick: bool, official: str, plain: str, folder: Path) -> None:
        self.quick = quick
        self.folder = folder
        self.plain, self.official = plain, official
        self._ports: dict[str, dict[str, int]] = {}
        self._env = dict(os.environ)

    def few_or_many(self, few: int, many: int) -> int:
        """Return the first number when it is to be quick, else the second."""
        return few if self.quick else many

    def sample(
        self, client: str, task: str, *, scheme: str = "http", delay: int = 0, **given: Any
    ) -> Sample:
        """Have a client do a task at a stub, and return what that took."""
        endpoint = f"{scheme}://127.0.0.1:{self._ports[scheme][str(delay)]}"
        self.counts()
        found = self.sample_at(endpoint, client, task, image=given.pop("image", "plain"), **given)
        return {**found, **self.counts()}

    def sample_at(self, endpoint: str, client: str, task: str, **given: Any) -> Sample:
        """Have a client do a task at some AGB, and return what that took."""
        python = {
            "official": self.official,
            "ours_async": self.plain,
            "ours_blocking": self.plain,
        }.get(client, sys.executable)
        return self.program(
            [python, str(HERE / "client.py"), client, task, endpoint, json.dumps(given)]
        )

    def program(self, command: list[str]) -> Sample:
        """Run a program that prints a sample, and return it with the time of the whole process."""
        started = time.perf_counter()
        done = subprocess.run(
            command, check=False, capture_output=True, text=True, env=self._env, cwd=self.folder
        )
        whole = time.perf_counter() - started
        if done.returncode:
            told = done.stderr.strip().splitlines() or ["no word"]
            raise SampleFailed(f"{' '.join(command[2:])}: {told[-1]}")
        return {**json.loads(done.stdout.splitlines()[-1]), "whole": whole}

    def counts(self) -> dict[str, int]:
        """Return what came to the stub since this was asked last."""
        connection = http.client.HTTPConnection("127.0.0.1", self._ports["http"]["0"])
        try:
            connection.request("GET", "/stub/counts")
            counts: dict[str, int] = json.loads(connection.getresponse().read())
        finally:
            connection.close()
        return counts

    @contextmanager
    def stub(self) -> Generator[None]:
        """Have a stub for as long as the block runs."""
        authority = trustme.CA()
        certificate = authority.issue_cert("127.0.0.1")
        root, chain, key = (str(self.folder / name) for name in ("ca.pem", "cert.pem", "key.pem"))
        # With all the usual roots, since reading them is a part of what a TLS context costs.
        Path(root).write_bytes(Path(certifi.where()).read_bytes() + authority.cert_pem.bytes())
        certificate.cert_chain_pems[0].write_to_path(chain)
        certificate.private_key_pem.write_to_path(key)
        self._env |= {"SSL_CERT_FILE": root, "REQUESTS_CA_BUNDLE": root}
        delays = map(str, DELAYS)
        with ExitStack() as stack:
            process = stack.enter_context(
                subprocess.Popen(
                    [sys.executable, str(HERE / "stub.py"), *delays, "--tls", chain, key],
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    text=True,
                )
            )
            assert process.stdin is not None
            stack.callback(process.stdin.close)
            assert process.stdout is not None
            self._ports = json.loads(process.stdout.readline())
            yield


def in_turn(rounds: int, contestants: Mapping[str, Callable[[], Sample]]) -> Samples:
    """Take a sample of each contestant, in turn, so many rounds long."""
    samples: dict[str, list[Sample]] = {name: [] for name in contestants}
    for number in range(rounds):
        order = list(contestants)
        for name in order if number % 2 == 0 else reversed(order):
            samples[name].append(contestants[name]())
    return samples
