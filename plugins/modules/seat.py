#!/usr/bin/python
# Copyright: labocloud contributors
# MIT License (see LICENSE)
"""Answer with all facts of a seat that the other roles decide by, in one round trip."""

from __future__ import annotations

DOCUMENTATION = r"""
module: seat
short_description: Ask a lab machine everything that its provisioning decides by
description:
  - Reads the operating system, the listening ports and who holds them, what is installed,
    Docker's configuration and state, its images, containers, networks and volumes.
  - Changes nothing, needs no Docker, no Docker client and nothing beyond the library of Python 3.9
    or newer.
  - It answers whatever is on the machine. Files are read where they are regular ones and of a size
    that such a file has; an engine's answers, as far as they are understood and come in time; all
    that it tells is limited in number and length. What is left out is told in C(odd).
extends_documentation_fragment:
  - labocloud.room.attributes
  - labocloud.room.engine
  - labocloud.room.answer
attributes:
  check_mode:
    support: full
  idempotent:
    support: full
"""

EXAMPLES = r"""
- name: Ask the seat what it has
  labocloud.room.seat:

- name: Show who holds port 8080
  ansible.builtin.debug:
    msg: "{{ labocloud_seat['listeners'] | selectattr('port', 'equalto', 8080) }}"
"""

RETURN = r"""
seat:
  description: What the seat has.
  returned: always
  type: dict
  contains:
    os:
      description: C(id), C(version), C(codename) and C(name), as in os-release(5).
      type: dict
    python:
      description: Version of the Python that runs the module, its first two numbers.
      type: str
      sample: "3.11"
    arch:
      description: Machine type, as C(uname -m) prints it.
      type: str
      sample: x86_64
    service_manager:
      description: V(systemd), or V(none) where nothing manages services.
      type: str
    root:
      description: Whether the module ran as root.
      type: bool
    machine:
      description: >-
        Which machine this is: C(id), a hash of its machine-id(5), empty where it has none;
        C(running), the same for two seats that are one machine, while it runs, and for no two
        machines, were one a copy of the other; C(host_keys), the fingerprints of its SSH host
        keys.
      type: dict
    listeners:
      description: >-
        TCP ports that are held, each with C(port), C(address), C(process), C(pid)
        and, where it is a container's, C(container), one of C(containers); V(none) else. One
        that Docker forwards without a process of its own is among them, too.
      type: list
      elements: dict
    packages:
      description: Installed Debian packages, name to version.
      type: dict
    held:
      description: Names of the packages that are held at their version.
      type: list
      elements: str
    files:
      description: >-
        The files that configure Docker, path to SHA-256, empty where what is there is no file
        that can be read, such as a directory or a link to nothing.
      type: dict
    daemon_config:
      description: >-
        The content of daemon.json, V(none) where it is absent or no JSON object. The addresses
        in it are told without the name and the password that they may hold.
      type: dict
    docker_group:
      description: Members of the group docker; V(none) where there is no such group.
      type: list
      elements: str
    students:
      description: >-
        Who may use an engine without root: C(members) of the group labocloud-docker, V(none)
        where there is no such group; C(account), that of the engine, its C(uid), its C(gid),
        whether it is C(locked), and its ranges C(subuids) and C(subgids), each the first ID and
        how many, V(none) where there is no such account; C(group), the C(name) and the C(gid)
        of O(students_group), V(none) where the seat knows no such group; and C(ranges), those
        of other accounts.
      type: dict
    able:
      description: >-
        What an engine without root needs: whether C(namespaces) of users are allowed, whether
        AppArmor forbids them to it (C(apparmor)), C(cgroup2), C(tun), whether anybody may use
        the device, and C(file_system), the type of the one that its data are or would be on.
      type: dict
    before:
      description: >-
        What the seat was like before the toolkit first changed it, as the role C(seat) has
        recorded it; V(none) where it has changed nothing yet.
      type: dict
    brought:
      description: >-
        What the toolkit brought, as it has recorded it, C(packages) and C(users), the accounts
        that it put into the group docker; C(taken), those that it took out of it, absent where
        it took none; C(moving), what goes over to an engine of the other kind, the C(path) and
        C(sha256) of an archive, its C(images), name to fingerprint, and C(left), where the
        engine that goes has data, absent where there is nothing; C(containers), the IDs of
        those that it has made, and C(making), the name of one that it was about to make, both
        absent where it has made none. Packages that an installation was bringing when it was
        interrupted are among them, where they have come.
      type: dict
    built:
      description: >-
        The images that C(course_build) built or C(course_image) brought here, tag to fingerprint.
      type: dict
    delivered:
      description: >-
        All images that they have ever built or brought here, the latest last, of very many the
        latest: C(fingerprint), C(name), by which it came, and C(layers), the SHA-256 of each, the
        lowest first, and C(rows), how many its history has, which are empty and V(0) until another
        image takes its name.
      type: list
      elements: dict
    bases:
      description: >-
        Where the room's images are built here, the digests that names of images had in their
        registry when they were asked for, name to digest.
      type: dict
    served:
      description: >-
        Where the room's images are built here, the revisions that the room has had, the last
        one last.
      type: list
      elements: str
    torn:
      description: >-
        The records that are there and cannot be read, each as a sentence that names it. What
        they told is not in the other facts: who goes on would take the seat for another.
      type: list
      elements: str
    apt:
      description: >-
        What was left of an installation: C(unfinished), names of the packages that dpkg has
        begun to install, C(journal), whether dpkg was ended in the middle of writing that down,
        C(interrupted), whether it was one of the toolkit's, and C(policy_rc_d), the file that
        keeps services from starting, V(absent), V(left) by that one, or V(other), of somebody
        else.
      type: dict
    docker:
      description: >-
        The engine: C(running), C(enabled), C(version), C(root), C(free_mb), C(driver), C(data),
        whether there is anything at its root, C(outdated), whether its configuration changed
        after it started, C(partial), whether it loads an archive that leaves out the layers
        that it has, C(cpus), how many a container's limit can be of, 0 where the engine cannot
        limit them, C(memory) and C(pids), whether it can limit these, C(swarm), whether it is
        in a swarm, C(uid), the account that answers at its socket, V(none) where nobody does,
        C(socket), its C(uid), C(gid), C(mode), and C(groups), those that an ACL lets use it,
        C(roots), the processes of an engine that root runs, C(masked), those of its units that
        systemd is kept from starting, and C(why) it does not run.
      type: dict
    images:
      description: >-
        Tagged images, tag to C(id), C(revision), C(fingerprint), C(layers) and C(labels). The
        fingerprint covers the layers and the configuration, and is the same wherever the
        image is loaded. The layers are the SHA-256 of each, the lowest first.
      type: dict
    containers:
      description: >-
        Containers, name to C(id), C(image), C(image_id), C(state), C(health), C(labels),
        C(ports) and C(settings), what each was started with: fields of Docker's own
        description, none where it is gone by now. Of a list, the first ones. The ports are
        those of the machine at which it answers, each with C(address), C(port) and C(protocol).
      type: dict
    networks:
      description: Names of the networks that are not Docker's own.
      type: list
      elements: str
    volumes:
      description: Names of the volumes.
      type: list
      elements: str
    clock:
      description: >-
        C(control), the control machine's time when it asked, and C(ahead), the seconds that the
        seat's clock is ahead of it, the way included; V(none) where the time was not given. The
        action leaves of these what no way can explain, neither to the seat nor back.
      type: dict
    network:
      description: >-
        C(interface) and C(mtu) of the default route; C(addresses), the IPv4 addresses that the
        seat has, as networks; C(routes), the IPv4 networks that the seat
        has a route to, each with C(to) and C(interface); C(docker), the subnets of Docker's
        networks, each with C(name) and C(subnet), and C(docker_mtu), the largest packet that
        its containers send; C(docker_proxy), whether the engine has a proxy, and C(proxy), the
        one that the seat's own files name, without a password; C(registries), by host:port what
        became of reaching it, C(reached), C(why) not, C(public), whether an authority of
        Debian's list signed its certificate, V(none) where that cannot be told, and
        C(issuer), the name of who signed.
      type: dict
    registry:
      description: >-
        The room's registry, where this machine is its host: C(images), tag to digest; the
        certificates C(ca) and C(certificate) in PEM, empty where there are none; and
        C(answers), for each of O(own_registries) whether it answers, C(answers), V(none) where
        that cannot be told in time, and C(why) not.
      type: dict
    page:
      description: >-
        What the page of health at O(page_url) answered: C(status), C(revision), none where it
        told none, and C(why) it did not. V(none) where it was not asked for.
      type: dict
    exercises:
      description: >-
        The practical: C(folder), C(command) and C(memory), each V(absent), V(ours) or V(other),
        where what is there is not the toolkit's (a disk of its own for the last that holds nothing
        yet is V(absent)); C(digest), of all that is in the folder, empty where that is not the
        toolkit's; C(open), whether all accounts may write where the command remembers; C(left), how
        many directories are there besides that an interrupted run has left.
      type: dict
    odd:
      description: >-
        What was there and could not be understood, or was more than can be told, as sentences:
        what the other facts then lack may be there.
      type: list
      elements: str
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.labocloud.room.plugins.module_utils.facts.answer import (
    ARGUMENTS,
    LateError,
    answer,
)


def main() -> None:
    """Run the module."""
    module = AnsibleModule(argument_spec=ARGUMENTS, supports_check_mode=True)
    try:
        seat = answer(module.params)
    except LateError as error:
        module.fail_json(msg=str(error))
    module.exit_json(changed=False, seat=seat)


if __name__ == "__main__":
    main()
