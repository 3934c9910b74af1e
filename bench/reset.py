"""How long it takes to put a seat back for the next group: `./lab python -m bench.reset`.

One machine (an instance as in molecule/, reached over SSH) is made ready; students leave twenty
containers on it, ten running and ten exited, with an image, a volume and a network of their own.
Then the seat is listed, reset, and, with the same again on it, saved and reset. The times are those
of the whole command, which is what a teacher waits for; a room's seats work at the same time.
"""

import statistics
import time

from bench.room import PROJECT, Room, machine, room

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


def timed(made: Room, **answers: str) -> float:
    """Run the playbook and give its seconds."""
    words = [word for pair in answers.items() for word in ("-e", "=".join(pair))]
    play = str(PROJECT / "playbooks/reset.yml")
    start = time.monotonic()
    made.run(["ansible-playbook", "-i", str(made.work / "archive.yml"), *words, play])
    return time.monotonic() - start


def main() -> None:
    """Measure and print."""
    print(machine())
    with room(1) as made:
        made.run(made.command("archive"))
        for way, answers in WAYS.items():
            seconds = []
            for _ in range(RUNS):
                made.run(["docker", "exec", made.seats[0], "sh", "-c", LEFT])
                seconds.append(timed(made, **answers))
                if not answers:
                    timed(made, confirm="yes")
            print(f"{way}: {statistics.median(seconds):.1f} s, the median of {RUNS}")


if __name__ == "__main__":
    main()
