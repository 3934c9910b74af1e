"""Each seat of the room, as the run has left it."""

import json
import re

import pytest
from testinfra.host import Host

ADDRESS = "room-registry:5000"
COURSE = "labocloud20202021:python"
BASE = "labocloud20202021:base"
ASK = (
    "import ssl, sys, urllib.request as r;"
    "c = ssl.create_default_context(cafile=sys.argv[2] if len(sys.argv) > 2 else None);"
    "print(r.urlopen(sys.argv[1], context=c).status)"
)
TRUSTED = f"/etc/docker/certs.d/{ADDRESS}/labocloud.crt"


def inspect(host: Host, image: str) -> dict:
    [description] = json.loads(host.check_output("docker image inspect %s", image))
    return description


@pytest.mark.parametrize("image", [COURSE, BASE])
def test_the_seat_has_the_builders_image(host: Host, registry: Host, image: str) -> None:
    on_seat, on_registry = inspect(host, image), inspect(registry, image)
    assert on_seat["Config"]["Labels"] == on_registry["Config"]["Labels"]
    assert len(on_seat["Config"]["Labels"]["labocloud.revision"]) == 64
    assert on_seat["RootFS"]["Layers"] == on_registry["RootFS"]["Layers"]


def test_the_page_is_the_builders(host: Host, registry: Host) -> None:
    page = json.loads(
        host.check_output(
            "python3 -c 'import urllib.request as r;"
            'print(r.urlopen("http://127.0.0.1:8080/healthz").read().decode())\''
        )
    )
    assert page["revision"] == inspect(registry, COURSE)["Config"]["Labels"]["labocloud.revision"]


def test_no_name_is_left_but_those_of_the_course(host: Host) -> None:
    names = host.check_output("docker images --all --format '{{.Repository}}:{{.Tag}}'").split()
    others = {name for name in names if "<none>:<none>" not in name} - {COURSE, BASE}
    revision = inspect(host, COURSE)["Config"]["Labels"]["labocloud.revision"]
    assert f"{COURSE}-{revision[:12]}" in others
    # Those to go back to, course_image_keep of them.
    assert len(others) <= 3
    assert all(re.fullmatch(f"{COURSE}-[0-9a-f]{{12}}", name) for name in others)


def test_the_registry_is_asked_over_tls(host: Host) -> None:
    assert host.check_output("python3 -c %s %s %s", ASK, f"https://{ADDRESS}/v2/", TRUSTED) == "200"
    assert "400" in host.run("python3 -c %s %s", ASK, f"http://{ADDRESS}/v2/").stderr


def test_its_certificate_is_trusted_for_it_alone(host: Host) -> None:
    answer = host.run("python3 -c %s %s", ASK, f"https://{ADDRESS}/v2/")
    assert "CERTIFICATE_VERIFY_FAILED" in answer.stderr
    trusted = host.check_output("find /etc/docker/certs.d -type f").split()
    assert set(trusted) == {TRUSTED, TRUSTED.replace("5000", "5002")}


def test_docker_checks_the_certificate(host: Host, registry: Host) -> None:
    [tag] = registry.check_output(
        "ls -d /var/lib/docker-registry/room/docker/registry/v2/"
        "repositories/labocloud20202021/_manifests/tags/base-*"
    ).split()
    image = f"{ADDRESS}/labocloud20202021:{tag.rpartition('/')[2]}"
    assert host.run(f"docker pull {image} && docker rmi {image}").rc == 0
    host.check_output(f"mv {TRUSTED} /root/aside")
    refused = host.run(f"docker pull {image}")
    host.check_output(f"mv /root/aside {TRUSTED}")
    assert refused.rc != 0
    assert "unknown authority" in refused.stderr


def test_a_seat_cannot_push(host: Host, registry: Host) -> None:
    image = f"{ADDRESS}/labocloud20202021:mine"
    refused = host.run(f"docker tag {BASE} {image} && docker push {image}")
    host.check_output(f"docker rmi {image}")
    assert refused.rc != 0
    assert "405" in refused.stderr or "not allowed" in refused.stderr
    tags = host.check_output(
        "python3 -c %s %s %s",
        ASK.replace(".status", ".read().decode()"),
        f"https://{ADDRESS}/v2/labocloud20202021/tags/list",
        TRUSTED,
    )
    assert "mine" not in tags


def test_nothing_of_the_delivery_is_left(host: Host) -> None:
    assert host.check_output("find /tmp /var/tmp -name '*labocloud*'") == ""
