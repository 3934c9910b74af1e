"""Fixtures of the seat's tests: the settings of the run, and commands on the seat."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from testinfra.host import Host

PROJECT = Path(__file__).parents[3]


@pytest.fixture
def settings(host: Host) -> dict[str, Any]:
    """Every role's defaults, and over them what the inventory sets for this seat."""
    values: dict[str, Any] = {}
    for defaults in sorted(PROJECT.glob("roles/*/defaults/main.yml")):
        values |= yaml.safe_load(defaults.read_text())
    return values | host.ansible.get_variables()


@pytest.fixture
def docker(host: Host) -> Callable[..., Any]:
    """A way to have Docker's JSON, for example of `docker inspect flask`."""

    def ask(*arguments: str) -> Any:  # noqa: ANN401
        return json.loads(
            host.check_output("docker " + " ".join(["%s"] * len(arguments)), *arguments)
        )

    return ask


@pytest.fixture
def get(host: Host) -> Callable[[str], str]:
    """A way to have a page, asked for on the seat itself, over HTTP."""
    program = (
        "import sys, urllib.request as r;"
        "o = r.build_opener(r.ProxyHandler({}));"
        "print(o.open(sys.argv[1], timeout=120).read().decode())"
    )
    return lambda url: host.check_output("python3 -c %s %s", program, url)
