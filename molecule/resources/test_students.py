"""Who may use Docker, by a group of a directory, and the folder that they share with containers.

On either kind of seat, as student.yml has made its accounts. It comes after the container's tests:
the engine is restarted. The tests of a scenario are in its folder: those that are to have these
have a link there.
"""

import pytest
from testinfra.host import Host


def test_members_of_a_directorys_group_use_docker_and_others_of_it_do_not(host: Host) -> None:
    """Also after the engine was started anew, and its socket with it, where systemd has that."""
    assert host.check_output("id --groups --name member").split()[1:] == ["class-a"]
    for unit in ("docker.service", "docker.socket"):
        host.check_output("systemctl reset-failed docker.service")
        host.run("systemctl restart %s", unit)
        host.check_output("systemctl start docker.service")
        assert host.run("su - member -c 'docker ps'").rc == 0
        assert "permission denied" in host.run("su - other -c 'docker ps'").stderr


BASE = 'docker run --rm --volume "$PWD:/here" --workdir /here labocloud20202021:base'


@pytest.mark.parametrize("account", ["student", "member"])
def test_what_a_student_and_a_container_make_in_the_folder_each_can_remove(
    host: Host, account: str
) -> None:
    """The home is closed; one account is the seat's own, with a clone there, one a directory's."""
    host.check_output("chmod 700 /home/%s", account)
    host.check_output("su - %s -c 'mkdir -p labocloud/a && echo mine > labocloud/a/b'", account)
    command = f"cd labocloud && {BASE} sh -c 'cat a/b && rm -r a && mkdir c && echo its > c/d'"
    assert host.check_output("su - %s -c %s", account, command) == "mine"
    assert host.check_output("su - %s -c 'cd labocloud && cat c/d && rm -r c'", account) == "its"


def test_who_may_not_use_docker_has_no_such_folder(host: Host) -> None:
    assert host.check_output("su - other -c 'ls -A'") == ""
    assert host.check_output("ls -A /root").find("labocloud") == -1
