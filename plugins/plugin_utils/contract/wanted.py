# Copyright: labocloud contributors
# MIT License (see LICENSE)

"""What a machine is to be like: the settings of the roles that the judge reads, and the room.

roles/*/meta/argument_specs.yml say what each setting means, and a test holds the types equal to
those there. What is made of them, and of what the builder has, stands below.
"""

from collections.abc import Mapping
from typing import TypedDict

from ansible_collections.labocloud.room.plugins.module_utils.facts.seat import Attacks, SeatFacts
from ansible_collections.labocloud.room.plugins.plugin_utils.store.manifest import Release


class RoleSettings(TypedDict):
    """All settings of the roles that the judge reads: a name begins with that of its role."""

    seat_registries: list[str]
    seat_attack_account: str
    seat_neighbour: str
    seat_address: str

    docker_engine_source: str
    docker_engine_replace: bool
    docker_engine_version: str
    docker_engine_packages: list[str]
    docker_engine_upstream_url: str
    docker_engine_upstream_key: str
    docker_engine_upstream_fingerprint: str
    docker_engine_min_free_mb: int
    docker_engine_students: str
    docker_engine_users: list[str]
    docker_engine_group: str
    docker_engine_folder: str
    docker_engine_lowest_port: int
    docker_engine_daemon_options: dict[str, object]
    docker_engine_daemon_defaults: dict[str, object]
    docker_engine_registry_mirrors: list[str]
    docker_engine_proxy: dict[str, object]
    docker_engine_purge: bool

    course_image_project: str
    course_image_tag: str
    course_image_base_tag: str
    course_image_base_source: str
    course_image_base: str
    course_image_python: str
    course_image_bootstrap_suite: str
    course_image_bootstrap_sources: list[str]
    course_image_base_refresh: bool
    course_image_keep: int
    course_image_delivery: str
    course_image_cache: str
    course_image_min_free_mb: int
    course_image_builder: str
    course_image_revision: str
    course_image_at_once: bool

    flask_container_name: str
    flask_container_image: str
    flask_container_lifecycle: str
    flask_container_host_port: int
    flask_container_bind_address: str
    flask_container_memory: str
    flask_container_cpus: float
    flask_container_pids_limit: int
    flask_container_start_timeout: int
    flask_container_canary: str
    flask_container_turns: list[str]

    room_store_use: str
    room_store_sources: list[str]
    room_store_directory: str

    room_registry_address: str
    room_registry_port: int
    room_registry_keep: int
    room_registry_hub_mirror: bool
    room_registry_mirror_port: int
    room_registry_hub_url: str
    room_registry_mirror_gb: int
    room_registry_proxy: dict[str, object]

    room_page_language: str
    room_page_directory: str
    room_page_person: str
    room_page_min_free_mb: int
    room_page_max_clock_offset: int
    room_page_min_docker: str


class RoomsRegistry(TypedDict):
    """The room's registry: its host, host:port of it and of the mirror, and its CA in PEM.

    Each is empty where there is none, or nothing is known of it.
    """

    host: str
    at: str
    mirror: str
    ca: str


class Room(TypedDict):
    """The room as the inventory has it: the machines' names, the one that builds, the registry."""

    seats: list[str]
    servers: list[str]
    builder: str
    registry: RoomsRegistry


class Settings(RoleSettings):
    """What one machine is to be like: its settings, and the room.

    account: that connects to it, empty where that is not set. wrong: what is wrong with the
    settings, by role. twins: other names under which the same machine has answered. attacks: what
    came of those, None where none were tried in this run. store: what the room's store has, by
    release and architecture. neighbour_address: of the seat that seat_neighbour names, empty where
    it names none.
    """

    name: str
    account: str
    room: Room
    wrong: dict[str, list[str]]
    twins: list[str]
    attacks: Attacks | None
    store: Mapping[str, Release]
    neighbour_address: str


class Practical(TypedDict):
    """The listing of the folder that all seats are given, and why there is none."""

    files: list[str]
    why: str


class CourseBegun(TypedDict):
    """What there was when the run began.

    had: the ID of the base, empty where there was none. served: the revisions that the room had
    been served by then, the last one last.
    """

    had: str
    served: list[str]


class Course(CourseBegun):
    """What decides the images that are wanted, as far as the control machine knows it.

    base: the revision of the base, which covers everything that it is made from. context: the
    SHA-256 of the packed Dockerfile and app. wheels: by architecture, the name of the directory for
    those of the app. why: the reason where the files cannot be read: then these say nothing.
    """

    base: str
    context: str
    wheels: dict[str, str]
    exercises: Practical
    why: str


class Builder(TypedDict, total=False):
    """The machine that builds: what it says, and the course; empty where it was not asked."""

    seat: SeatFacts
    course: Course
