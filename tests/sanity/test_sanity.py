"""What ansible-test's sanity tests say, as far as they can be run without the Internet.

ansible-test fetches a pip of its own for the others. Of these, validate-modules and import are run
here as it runs them, by their own scripts; the rest is for where there is an Internet:

    ansible-test sanity --docker default --skip-test no-smart-quotes

What is passed over, and why ansible-test would, is in ignore-2.21.txt beside this.
"""

import json
import os
import shutil
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path
from typing import Any

import ansible_test
import pytest
import yaml
from ansible.constants import DOCUMENTABLE_PLUGINS

PROJECT = Path(__file__).parents[2]
TOOLS = Path(next(iter(ansible_test.__path__)))
LIBRARIES = Path(sysconfig.get_path("purelib"))
# The French of the pages has the apostrophe that French has.
APOSTROPHES = "no-smart-quotes"
# Each of these wants a pip of its own, or a program that is not Python's.
NEEDING = {
    *("ansible-doc", "changelog", "import", "pep8", "pslint", "pylint", "runtime-metadata"),
    *("shellcheck", "validate-modules", "yamllint"),
}
# Many in one file, and not one a file: ansible-test does not look at them either.
IN_ONE_FILE = ("filter", "test")
# What a plugin may count on: a seat has nothing of it, the control machine what Ansible needs.
WITH_ANSIBLE = ("jinja2", "markupsafe", "yaml", "cryptography", "_cffi_backend*")


@pytest.fixture(scope="module")
def collection(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the project where ansible-test takes one for a collection."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=True)
    copy = tmp_path_factory.mktemp("sanity") / "ansible_collections/labocloud/room"
    for name in listed.stdout.splitlines():
        if name.startswith((".", "bench/", "docs/", "molecule/")) or not (PROJECT / name).exists():
            continue
        (copy / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(PROJECT / name, copy / name)
    return copy


def environment(collection: Path, *paths: Path, **variables: str) -> dict[str, str]:
    """Return the environment of ansible-test's scripts."""
    ours = {name: value for name, value in os.environ.items() if not name.startswith("ANSIBLE_")}
    return ours | {
        "ANSIBLE_COLLECTIONS_PATH": str(collection.parents[2]),
        "ANSIBLE_CONFIG": str(TOOLS / "_data/ansible.cfg"),
        "PYTHONPATH": os.pathsep.join(map(str, paths)),
        "PYTHONDONTWRITEBYTECODE": "1",
        **variables,
    }


def ignored(test: str) -> set[tuple[str, str]]:
    """Return what a test ignores: the paths, each with the code of an error."""
    lines = (Path(__file__).parent / "ignore-2.21.txt").read_text().splitlines()
    words = [line.partition("#")[0].split() for line in lines]
    entries = ((path, *rest.split(":")) for path, rest in filter(None, words))
    return {(path, code) for path, name, code in entries if name == test}


def test_those_that_need_nothing_pass(collection: Path) -> None:
    listed = subprocess.run(
        ["ansible-test", "sanity", "--list-tests"],
        cwd=collection,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()
    chosen = [f"--test={name}" for name in listed if name not in {*NEEDING, APOSTROPHES}]
    assert {"--test=compile", "--test=action-plugin-docs"} <= set(chosen)
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    done = subprocess.run(
        ["ansible-test", "sanity", "--color=no", f"--python={version}", *chosen],
        cwd=collection,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def plugins() -> dict[str, list[str]]:
    """Return the files of each type of plugin that is documented in the plugin's own file."""
    kinds = {"modules": "module"} | {kind: kind for kind in DOCUMENTABLE_PLUGINS}
    files: dict[str, list[str]] = {}
    for path in sorted(PROJECT.glob("plugins/*/*.py")):
        kind = kinds.get(path.parent.name)
        if kind and kind not in IN_ONE_FILE:
            files.setdefault(kind, []).append(str(path.relative_to(PROJECT)))
    return files


@pytest.mark.parametrize("kind", plugins())
def test_the_documentation_is_valid_and_of_what_a_plugin_takes(kind: str, collection: Path) -> None:
    """By validate-modules, which compares it with the arguments that a module takes, too."""
    version = yaml.safe_load((PROJECT / "galaxy.yml").read_text())["version"]
    done = subprocess.run(
        [
            sys.executable,
            TOOLS / "_util/controller/sanity/validate-modules/validate.py",
            *("--format", "json", "--arg-spec"),
            *("--collection", "ansible_collections/labocloud/room"),
            *("--collection-version", version),
            *(() if kind == "module" else ("--plugin-type", kind)),
            *plugins()[kind],
        ],
        cwd=collection,
        env=environment(collection, *map(Path, filter(None, sys.path))),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stderr == ""
    report: dict[str, Any] = json.loads(done.stdout)
    passed_over = ignored("validate-modules")
    errors = {
        (str(path), error["code"]): error["msg"]
        for path, file_report in report.items()
        for error in file_report["errors"]
    }
    assert {key: msg for key, msg in errors.items() if key not in passed_over} == {}
    # What is no longer so is no longer passed over.
    assert {key for key in passed_over if key[0] in plugins()[kind]} <= set(errors)


@pytest.mark.parametrize("kind", ["module", "plugin"])
def test_each_can_be_imported_where_nothing_is_that_it_may_lack(
    kind: str, collection: Path, tmp_path: Path
) -> None:
    """A module with Ansible's own module_utils alone, a plugin with what Ansible needs."""
    names = ("ansible",) if kind == "module" else ("ansible", *WITH_ANSIBLE)
    (tmp_path / "libraries").mkdir()
    for name in names:
        # With the notes of their versions, which Ansible reads.
        for path in (*LIBRARIES.glob(name), *LIBRARIES.glob(f"{name}-*.dist-info")):
            (tmp_path / "libraries" / path.name).symlink_to(path)
    venv.create(tmp_path / "venv", symlinks=True)
    folders = sorted({path.parent.name for path in PROJECT.glob("plugins/*/*.py")})
    on_seats = ("modules", "module_utils")
    chosen = [
        folder_name for folder_name in folders if (folder_name in on_seats) == (kind == "module")
    ]
    done = subprocess.run(
        [
            tmp_path / "venv/bin/python",
            TOOLS / "_util/target/sanity/import/importer.py",
            *(
                str(path.relative_to(PROJECT))
                for folder in chosen
                for path in sorted(PROJECT.glob(f"plugins/{folder}/*.py"))
            ),
        ],
        cwd=collection,
        env=environment(
            collection,
            tmp_path / "libraries",
            SANITY_TEMP_PATH=str(tmp_path),
            SANITY_IMPORTER_TYPE=kind,
            SANITY_COLLECTION_FULL_NAME="labocloud.room",
            SANITY_EXTERNAL_PYTHON=sys.executable,
            SANITY_YAML_TO_JSON=str(TOOLS / "_util/controller/tools/yaml_to_json.py"),
            ANSIBLE_CONTROLLER_MIN_PYTHON_VERSION="3.12",
        ),
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", ""), done.stdout


@pytest.mark.parametrize("kind", ["module", "callback", "lookup", "filter", "role"])
def test_ansible_doc_shows_each(kind: str) -> None:
    """From the checkout, by their full names."""
    listing = ["ansible-doc", "--type", kind, "--json", "--list", "labocloud.room"]
    names = json.loads(subprocess.run(listing, cwd=PROJECT, capture_output=True, check=True).stdout)
    folders = {"module": "plugins/modules", "role": "roles", "filter": ""}
    folder = folders.get(kind, f"plugins/{kind}")
    if folder:
        present = {path.stem for path in (PROJECT / folder).iterdir() if path.name[0] != "_"}
        assert {name.removeprefix("labocloud.room.") for name in names} == present
    showing = ["ansible-doc", "--type", kind, "--json", *names]
    done = subprocess.run(showing, cwd=PROJECT, capture_output=True, text=True, check=True)
    assert set(json.loads(done.stdout)) == set(names)
    assert "ERROR" not in done.stderr, done.stderr
