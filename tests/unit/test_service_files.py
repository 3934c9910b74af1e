"""Show how the files that configure a service are rendered and compared."""

import pytest
from ansible_collections.labocloud.room.plugins.plugin_utils import service_files

EMPTY = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
CAFE = "850f7dc43910ff890f8879c0ed26fe697c93a067ad93a7d50f466a7028a9bf4e"


def test_each_text_is_hashed_as_the_seat_hashes_its_file() -> None:
    assert service_files.hashes({"/a": "", "/b": "café"}) == {"/a": EMPTY, "/b": CAFE}


def test_what_is_not_there_differs_as_what_holds_something_else() -> None:
    files = {"/a": "", "/b": "café", "/c": ""}
    assert service_files.differing(files, {"/a": EMPTY, "/b": EMPTY}) == ["/b", "/c"]


def test_a_file_of_a_roles_is_written_as_it_is() -> None:
    text = service_files.shipped("docker_engine", "containerd.conf")
    assert text.endswith("ExecStart=/usr/bin/containerd --config /etc/containerd/labocloud.toml\n")


@pytest.mark.parametrize(
    ("proxy", "direct", "variables"),
    [
        ({}, ["pc01"], {}),
        ({"http": None, "https": None, "no_proxy": None}, ["pc01"], {}),
        ({"http": "http://p.example:1"}, [], {"HTTP_PROXY": "http://p.example:1"}),
        (
            {"https": "http://p.example:1", "no_proxy": "localhost,.example"},
            ["pc01", "pc02"],
            {"HTTPS_PROXY": "http://p.example:1", "NO_PROXY": "localhost,.example,pc01,pc02"},
        ),
        # Without a proxy of its own the service may inherit one.
        ({"no_proxy": "localhost"}, ["pc01"], {"NO_PROXY": "localhost"}),
    ],
)
def test_the_variables_that_tell_of_a_proxy(proxy: dict, direct: list, variables: dict) -> None:
    assert service_files.proxy_environment(proxy, direct) == variables


def test_a_file_of_variables_quotes_what_systemd_would_take_for_its_own() -> None:
    variables = {"HTTP_PROXY": 'http://u:p"\\x@proxy.example:1', "NO_PROXY": "a,b"}
    assert (
        service_files.environment_file(variables)
        == 'HTTP_PROXY="http://u:p\\"\\\\x@proxy.example:1"\nNO_PROXY="a,b"\n'
    )
