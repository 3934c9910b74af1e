"""Test the texts of findings."""

import json
import shlex
from pathlib import Path

import jsonschema
import pytest
from ansible_collections.labocloud.room.plugins.plugin_utils import catalogue
from ansible_collections.labocloud.room.plugins.plugin_utils.findings import (
    VOCABULARY,
    finding,
    in_words,
    rows,
)
from fields import fields

SCHEMA = json.loads((Path(__file__).parents[2] / "docs/room.schema.json").read_text())


def values_of(name: str, value: str) -> dict[str, str]:
    """Return the names of the values that a finding's texts and its command take."""
    english = catalogue.read("en", "findings")
    texts = [english.get(f"{name}.{key}", "") for key in ("cause", "advice")]
    taken = set().union(*map(fields, texts), fields(VOCABULARY[name].command)) - {"seat"}
    return dict.fromkeys(taken, value)


def test_the_table_has_what_has_words_and_each_finding_once() -> None:
    names = [name for _, entries in rows() for name in entries]
    assert sorted(names) == sorted(VOCABULARY)
    assert {entry.severity for entry in VOCABULARY.values()} == {"warning", "error", "refused"}
    assert set(VOCABULARY) == {key.partition(".")[0] for key in catalogue.read("en", "findings")}


@pytest.mark.parametrize("name", VOCABULARY)
def test_every_finding_is_whole_in_both_languages(name: str) -> None:
    result = finding(name, "pc07", **values_of(name, "x"))
    jsonschema.validate(result, {"$ref": "#/$defs/finding", "$defs": SCHEMA["$defs"]})


def test_the_words_of_a_run_have_the_cause_and_the_fix() -> None:
    values = {"container": "flask", "port": 8080, "url": ""}
    missing = finding("container_missing", "pc07", **values)
    assert in_words([missing]) == "the container flask is missing. Fix: ./lab up --limit pc07"
    taken = finding("port_taken", "pc07", holder="tomcat9 (pid 812)", **values)
    assert in_words([taken]) == (
        "port 8080 is held by tomcat9 (pid 812). Fix: stop it, or set flask_container_host_port"
        " to a free port; then: ./lab up --limit pc07"
    )
    # A command ends where the next thing begins.
    assert "./lab up --limit pc07; and port 8080 is held" in in_words([missing, taken])


def test_what_a_seat_says_moves_no_cursor_and_is_no_template() -> None:
    result = finding("unreachable", "pc01", why="\x1b]0;title\x07off {seat}")
    assert result["cause"]["en"] == "unreachable: ]0;title off {seat}."


@pytest.mark.parametrize("value", ["x;sh $HOME", "'; sh #", '"`id`\\', "it's $(id)", "*", ""])
@pytest.mark.parametrize("name", VOCABULARY)
def test_whatever_a_value_holds_it_is_one_word_of_the_command(name: str, value: str) -> None:
    template = VOCABULARY[name].command
    command = finding(name, value, **values_of(name, value))["command"]
    plain = finding(name, "VALUE", **values_of(name, "VALUE"))["command"]
    # What is a safe word already stays as it is.
    assert plain == template.format(seat="VALUE", **values_of(name, "VALUE"))
    for before, after in zip(shlex.split(plain), shlex.split(command), strict=True):
        if " " in before:  # a command of the seat's
            within = [word.replace("VALUE", value) for word in shlex.split(before)]
            assert shlex.split(after) == within
        else:
            assert after == before.replace("VALUE", value)


def test_a_value_is_no_template_of_a_command_that_ansible_is_given() -> None:
    value = "{{ lookup('pipe', 'id') }}"
    command = finding("container_foreign", "pc07", container=value, image="x")["command"]
    assert shlex.split(shlex.split(command)[-1])[-1] == "?? lookup('pipe', 'id') ??"


def test_a_list_is_as_many_words() -> None:
    result = finding("engine_masked", "pc07", units=["docker.service", "docker.socket"])
    assert result["command"] == (
        "./lab ansible pc07 -ba 'systemctl unmask docker.service docker.socket'"
    )
    assert result["cause"]["en"].startswith("docker.service docker.socket is masked")
