"""Measure how long it takes to put a seat back for the next group: `./lab python -m bench.reset`.

One machine (bench/instances.py) is made ready; students leave twenty containers on it, ten running
and ten exited, with an image, a volume and a network of their own. Then the seat is listed, reset,
and, with the same again on it, saved and reset. The times are those of the whole command, for which
a teacher waits; a room's seats work at the same time.
"""

import statistics
import time

from bench.instances import PROJECT, Room, machine, running_room

RUNS = 3
LEFT = """
set -eu
printf 'FROM labocloud20202021:base\\nRUN head -c 20000000 /dev/urandom > /mine\\n' |
    docker build --quiet --network none --tag mine:1 -
docker network create net
docker volume create data
for n in $(seq 10); do
    docker run --detach --network net --name running$n mine:1 sh -c 'echo $0 > /made; sleep 1000' $n
    docker run --name exited$n --volume data:/data mine:1 sh -c \
        'echo $0 > /made; head -c 2000000 /dev/urandom > /data/$0' $n
done
"""
WAYS = {
    "list": {},
    "reset": {"confirm": "yes"},
    "save and reset": {"confirm": "yes", "save": "yes"},
}


def reset_time(room: Room, **answers: str) -> float:
    """Run the playbook with these extra variables and return its seconds."""
    options = [word for pair in answers.items() for word in ("-e", "=".join(pair))]
    play = str(PROJECT / "playbooks/reset.yml")
    start = time.monotonic()
    room.run(["ansible-playbook", "-i", str(room.work / "archive.yml"), *options, play])
    return time.monotonic() - start


def main() -> None:
    """Measure and print."""
    print(machine())
    with running_room(1) as room:
        room.run(room.command("archive"))
        for way, answers in WAYS.items():
            seconds = []
            for _ in range(RUNS):
                room.run(["docker", "exec", room.seats[0], "sh", "-c", LEFT])
                seconds.append(reset_time(room, **answers))
                if not answers:
                    # A list removes nothing, and the next turn begins with an empty seat.
                    reset_time(room, confirm="yes")
            print(f"{way}: {statistics.median(seconds):.1f} s, the median of {RUNS}")


if __name__ == "__main__":
    main()
