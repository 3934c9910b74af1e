"""Show that a removal leaves nothing of the toolkit, and all that was there before."""

from instances import left_behind
from playbook import changed, run
from testinfra.host import Host


def test_the_seat_is_as_it_was(host: Host) -> None:
    assert left_behind(host) == []


def test_the_toolkit_had_been_there(host: Host) -> None:
    """Otherwise the test above would prove nothing."""
    log = host.file("/var/log/apt/history.log").content_string
    assert "zstd" in log
    assert "Purge" in log
    # A package of the room's own came as Docker's did, and went as they did.
    assert ("nano" in log) == (host.backend.hostname == "remove-fresh")


def test_dockers_data_went_only_where_docker_came_with_the_toolkit(host: Host) -> None:
    had_docker = host.backend.hostname == "remove-had-docker"
    assert host.file("/var/lib/docker/image").exists == had_docker
    assert (host.run("docker image inspect theirs:1").rc == 0) == had_docker


def test_what_was_there_before_docker_stays_and_what_docker_kept_beside_it_went(host: Host) -> None:
    """Debian's package empties the directory when it is purged, whoever's the files are."""
    if host.backend.hostname == "remove-fresh":
        # Where / is no shared mount, as in an instance, the engine mounts its directory on itself:
        # then that stays, empty.
        assert set(host.file("/var/lib/docker").listdir()) - {"inside"} == {"thesis"}
        assert host.run("ls -A /var/lib/docker/inside").stdout == ""
        assert host.file("/var/lib/docker/thesis").content_string == "years of work"


def test_removing_again_changes_nothing(host: Host) -> None:
    """Run from the control machine, for this seat."""
    assert changed(run(host.backend.hostname, playbook="playbooks/remove.yml")) == 0
