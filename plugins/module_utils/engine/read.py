# Copyright: labocloud contributors
# MIT License (see LICENSE)
"""Read what an engine has: itself, its images, containers, networks, volumes and what else.

Whoever wants to know something of an engine asks a Reader: nobody else has the paths of the
engine's lists and descriptions. What is made of an answer is the caller's.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from typing import Any, TypeVar
from urllib.parse import quote

from ansible_collections.labocloud.room.plugins.module_utils.engine import answers
from ansible_collections.labocloud.room.plugins.module_utils.engine.answers import (
    Container,
    Event,
    HistoryRow,
    Image,
    Info,
    InSwarm,
    ListedContainer,
    ListedImage,
    Network,
    PathStat,
    Plugin,
    Service,
    Task,
    Usage,
    Volume,
)
from ansible_collections.labocloud.room.plugins.module_utils.engine.client import (
    BadAnswerError,
    DockerConnection,
    EngineError,
)
from ansible_collections.labocloud.room.plugins.module_utils.engine.limited_http import TooMuchError
from ansible_collections.labocloud.room.plugins.module_utils.shapes import Shape, faults

_Answer = TypeVar("_Answer")
# What is wrong with one answer of an engine that answers all the same.
_OF_ONE_THING = (BadAnswerError, TooMuchError)
# Digits of an ID, with the name of its algorithm, as sentences have it.
_SHORT_ID = 19


class UnclearError(OSError):
    """An answer has not the shape that is relied on; the text says in what."""


class Reader:
    """An engine that is asked for what it has.

    Each caller says how tolerant it is. Without left_out nothing is left out: an answer that does
    not come, or has another shape, is an error. With it, a thing that is not understood, or not
    described, is left out; so is a list that does not come, unless lists are required.

    Each method raises OSError where an answer is required and does not come, of which UnclearError
    is one, where it has another shape. shape: that which the caller relies on, from answers.py.
    """

    def __init__(
        self,
        docker: DockerConnection,
        left_out: Callable[[str], object] | None = None,
        *,
        lists_required: bool = True,
    ) -> None:
        """Prepare to ask an engine.

        left_out: takes a sentence on what is left out. lists_required: whether a list that does not
        come, and an engine that does not answer in time, are errors all the same.
        """
        self.docker = docker
        self._left_out = left_out
        self._required = lists_required or left_out is None

    def info(self, shape: Shape = answers.INFO) -> Info:
        """Return the engine's description of itself; it is required of every engine."""
        info: Info = self.docker.ask("/info")
        if wrong := next(faults(info, shape, "info"), ""):
            raise _unclear(wrong)
        return info

    def images(self, *, intermediate: bool = False, most: int | None = None) -> list[ListedImage]:
        """Return the images, at most so many. intermediate: also steps on the way to others."""
        path = "/images/json?all=true" if intermediate else "/images/json"
        return self._list(path, "images", answers.LISTED_IMAGE, most)

    def image(self, reference: str, shape: Shape = answers.IMAGE) -> Image | None:
        """Return an image's description, by ID, name or digest; None where there is none."""
        image: Image | None = self._describe("images", reference, shape)
        return image

    def history(self, reference: str) -> list[HistoryRow]:
        """Return the rows of an image's history, the newest first; none where it has none."""
        path = f"/images/{_quoted(reference)}/history"
        answer = self._unless_refused(lambda: self.docker.ask(path))
        rows = answer if isinstance(answer, list) else []
        return self._elements(rows, "history", answers.HISTORY_ROW)

    def containers(
        self,
        shape: Shape = answers.LISTED_CONTAINER,
        *,
        sizes: bool = False,
        newest: int | None = None,
        label: str = "",
        most: int | None = None,
    ) -> list[ListedContainer]:
        """Return the containers, the stopped ones too, the newest first.

        sizes: whether the engine measures what each has written. newest: of how many it is asked.
        label: NAME=VALUE, that they have. most: how many are returned.
        """
        path = "/containers/json?all=true"
        if sizes:
            path += "&size=true"
        if newest is not None:
            path += f"&limit={newest}"
        if label:
            path += "&filters=" + quote(f'{{"label": ["{label}"]}}')
        return self._list(path, "containers", shape, most)

    def container(self, reference: str, shape: Shape = answers.CONTAINER) -> Container | None:
        """Return a container's description, by ID or name; None where there is none."""
        container: Container | None = self._describe("containers", reference, shape)
        return container

    def log(self, container: str, lines: int, size: int, *, timed: bool = False) -> bytes:
        """Return the beginning, of at most size bytes, of the last lines that a container wrote.

        They come as the engine has them; nothing where it has none. timed: whether each begins with
        its time, as of RFC 3339, and a blank.
        """
        query = f"stdout=true&stderr=true{'&timestamps=true' if timed else ''}&tail={lines}"
        path = f"/containers/{_quoted(container)}/logs?{query}"
        return self._unless_refused(lambda: self.docker.read_beginning(path, size)) or b""

    def file(self, container: str, path: str) -> PathStat | None:
        """Return what a container has at a path, None where nothing is there.

        The engine would list all in which it differs from its image, but reads both whole for that.
        """
        query = _archive(container, path)
        headers = self._unless_refused(lambda: self.docker.head(query))
        if headers is None:
            return None
        stat = _json_in_base64(headers.get("X-Docker-Container-Path-Stat", ""))
        is_understood = self._is_understood(stat, answers.PATH_STAT, f"{container}:{path}")
        return stat if is_understood else None

    def archive(self, container: str, path: str, size: int) -> bytes:
        """Return the beginning, of at most size bytes, of a tar of what a container has at a path.

        It is empty where nothing is there. The engine notes an event for each such question.
        """
        query = _archive(container, path)
        return self._unless_refused(lambda: self.docker.read_beginning(query, size)) or b""

    def events(self, until: float, size: int) -> list[Event]:
        """Return the events until a time, in seconds since 1970, that the engine still has.

        The oldest comes first; an engine has the last 256, and none from before its own start.
        There are none where the engine refuses, or has size bytes of them or more: in a part of
        them, something that has happened would be missing.
        """
        path = f"/events?since=1&until={until:.6f}"
        text = self._unless_refused(lambda: self.docker.read_beginning(path, size)) or b""
        lines = text.splitlines() if len(text) < size else []
        # A line that is no JSON is none of a list's elements either.
        return self._elements([_json(line) for line in lines], "events", answers.EVENT)

    def networks(self, shape: Shape = answers.NETWORK, *, most: int | None = None) -> list[Network]:
        """Return the networks, at most so many."""
        return self._list("/networks", "networks", shape, most)

    def network(self, reference: str, shape: Shape = answers.NETWORK) -> Network | None:
        """Return a network's description, by ID or name; None where there is none."""
        network: Network | None = self._describe("networks", reference, shape, "")
        return network

    def volumes(self, shape: Shape = answers.VOLUME, *, most: int | None = None) -> list[Volume]:
        """Return the volumes, at most so many."""
        return self._list("/volumes", "volumes", shape, most, answers.VOLUMES)

    def volume(self, name: str, shape: Shape = answers.VOLUME) -> Volume | None:
        """Return a volume's description, None where there is none."""
        volume: Volume | None = self._describe("volumes", name, shape, "")
        return volume

    def usage(self) -> Usage:
        """Return the space that images, volumes and the build cache use, where it is measured."""
        path = "/system/df?type=image&type=volume&type=build-cache"
        usage: Usage | None = self.docker.ask(path)
        return usage if usage and self._is_understood(usage, answers.USAGE, "usage") else {}

    def plugins(self) -> list[Plugin]:
        """Return the engine's plugins; none of an engine that knows of none."""
        answer = self.docker.ask("/plugins")
        return self._elements(answer or [], "plugins", answers.PLUGIN)

    def in_swarm(self, kind: str) -> list[InSwarm]:
        """Return the services, secrets or configs of a swarm that this machine manages.

        None where the engine refuses: a swarm that has lost most of its managers tells nothing.
        """
        return self._of_swarm(kind, answers.IN_SWARM)

    def services(self) -> list[Service]:
        """Return the services, as in_swarm() does, with what they are to be."""
        return self._of_swarm("services", answers.SERVICE)

    def tasks(self) -> list[Task]:
        """Return the tasks of the services, as in_swarm() does."""
        return self._of_swarm("tasks", answers.TASK)

    def _of_swarm(self, kind: str, shape: Shape) -> list[Any]:
        """Return what a swarm has of a kind, none where the engine refuses."""
        answer = self._unless_refused(lambda: self.docker.ask(f"/{kind}"))
        return self._elements(answer or [], kind, shape)

    def _list(
        self, path: str, name: str, shape: Shape, most: int | None, whole: Shape = answers.LIST
    ) -> list[Any]:
        """Return the elements of an answer, as _elements() does, where it comes."""
        try:
            answer = self.docker.ask(path)
        except OSError as error:
            if self._required:
                raise
            self._leave_out(OSError(f"the engine does not tell its {name} ({error})"))
            return []
        return self._elements(answer, name, shape, most, whole)

    def _elements(
        self,
        answer: Any,  # noqa: ANN401  # JSON
        name: str,
        shape: Shape,
        most: int | None = None,
        whole: Shape = answers.LIST,
    ) -> list[Any]:
        """Return those elements of an answer, of its first so many, that have a shape.

        name: what they are. whole: the shape of the answer, LIST or VOLUMES.
        """
        if wrong := next(faults(answer, whole, name), ""):
            error = _unclear(wrong)
            if self._required:
                raise error
            self._leave_out(error)
            return []
        elements = answer.get("Volumes") or [] if whole is answers.VOLUMES else answer
        if most is not None and len(elements) > most:
            count = f"of {len(elements)} {name}, the engine's first {most} are told"
            self._leave_out(TooMuchError(count))
        return [
            element
            for number, element in enumerate(elements[:most])
            if self._is_understood(element, shape, f"{name}[{number}]")
        ]

    def _describe(self, kind: str, reference: str, shape: Shape, end: str = "/json") -> Any:  # noqa: ANN401  # JSON
        """Return the engine's description of one thing, None where there is none."""
        try:
            answer = self.docker.ask(f"/{kind}/{_quoted(reference)}{end}")
        except EngineError:
            if self._left_out is None:
                raise
            # It disappears just now, or is broken.
            return None
        except OSError as error:
            if self._required and not (self._left_out and isinstance(error, _OF_ONE_THING)):
                raise
            self._leave_out(OSError(f"the engine does not tell all of its {kind} ({error})"))
            return None
        name = f"{kind}.{reference[:_SHORT_ID]}"
        if answer is None or not self._is_understood(answer, shape, name):
            return None
        return answer

    def _unless_refused(self, ask: Callable[[], _Answer]) -> _Answer | None:
        """Return an answer, None where the engine refuses to give it."""
        try:
            return ask()
        except EngineError:
            return None
        except _OF_ONE_THING as error:
            self._leave_out(error)
            return None

    def _is_understood(self, value: object, shape: Shape, name: str) -> bool:
        """Return whether an answer has a shape. Raises UnclearError where nothing is left out."""
        wrong = next(faults(value, shape, name), "")
        if wrong:
            self._leave_out(_unclear(wrong))
        return not wrong

    def _leave_out(self, error: OSError) -> None:
        """Report what is left out, and why. Raises that error where nothing is left out."""
        if self._left_out is None:
            raise error
        self._left_out(str(error))


def _quoted(reference: str) -> str:
    """Return an ID, name or digest as a part of a path."""
    return quote(reference, safe="/:@")


def _archive(container: str, path: str) -> str:
    """Return the question for what a container has at a path."""
    return f"/containers/{_quoted(container)}/archive?path={quote(path, safe='')}"


def _json_in_base64(text: str) -> Any:  # noqa: ANN401  # JSON
    """Return a text in base64 parsed as JSON, None where it is none."""
    try:
        return _json(base64.b64decode(text))
    except ValueError:
        return None


def _json(text: bytes) -> Any:  # noqa: ANN401  # JSON
    """Return a text parsed as JSON, None where it is none."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _unclear(wrong: str) -> UnclearError:
    """Return the error that an answer differs from a shape. wrong: in what, as faults() has it."""
    return UnclearError(f"the engine's answer is not understood: {wrong}")
