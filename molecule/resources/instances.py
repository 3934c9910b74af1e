"""Do to the instances of a scenario what befalls machines of a room."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

import docker


@contextmanager
def off(*names: str) -> Iterator[None]:
    """Switch machines off for a while, without a warning; afterwards wait until they are up."""
    client = docker.from_env()
    instances = [client.containers.get(name) for name in names]
    for instance in instances:
        instance.kill()
    try:
        yield
    finally:
        for instance in instances:
            instance.start()
            for _ in range(100):
                if instance.exec_run(["systemctl", "is-active", "ssh", "docker"]).exit_code == 0:
                    break
                time.sleep(0.2)


@contextmanager
def meanwhile(name: str, script: str) -> Iterator[None]:
    """Have a shell script run on a machine for a while."""
    instance = docker.from_env().containers.get(name)
    instance.exec_run(["sh", "-c", f"echo $$ > /run/meanwhile.pid; {script}"], detach=True)
    try:
        yield
    finally:
        instance.exec_run(["sh", "-c", "kill $(cat /run/meanwhile.pid)"])
