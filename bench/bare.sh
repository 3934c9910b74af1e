#!/bin/bash
# The limit that bench/room.py compares with: what has to be done on the seats, over SSH and with
# nothing else. The seats work in parallel; one that has what it needs is asked once and left alone.
#   bare.sh SSH_CONFIG PROJECT WORK SEAT...      the first seat builds; WORK keeps wheels and archive
set -euo pipefail
config=$1 project=$2 work=$3
shift 3
base=labocloud20202021:base course=labocloud20202021:python
form='{{index .Config.Labels "labocloud.revision"}}'

# Run the script on standard input as root on a seat.
on() { ssh -F "$config" "$1" sudo bash -euo pipefail -s; }

# Run a function for each seat at once; fail where one of them fails.
each() {
    local pids=() function=$1
    shift
    for seat in "$@"; do
        "$function" "$seat" &
        pids+=($!)
    done
    for pid in "${pids[@]}"; do wait "$pid"; done
}

install_docker() {
    on "$1" <<'SCRIPT'
if command -v dockerd >/dev/null; then exit; fi
mkdir -p /etc/docker
echo '{"default-address-pools": [{"base": "198.18.0.0/16", "size": 24}]}' >/etc/docker/daemon.json
export DEBIAN_FRONTEND=noninteractive
apt-get -qq update </dev/null
apt-get -qq install --no-install-recommends docker.io docker-cli docker-buildx docker-compose zstd </dev/null >/dev/null
SCRIPT
}

build_base() {
    local python=3.13 platform
    for platform in manylinux musllinux; do
        local tags=(--platform=manylinux_2_28_x86_64 --platform=manylinux_2_17_x86_64 --platform=manylinux2014_x86_64)
        if [ $platform = musllinux ]; then tags=(--platform=musllinux_1_2_x86_64 --platform=musllinux_1_1_x86_64); fi
        python -m pip download --quiet --disable-pip-version-check --no-deps --require-hashes --only-binary=:all: \
            --implementation=cp --python-version=$python "${tags[@]}" --dest="$work/wheels" -r "$project/app/requirements.txt"
    done
    tar -C "$project/roles/course_build/files/base" -cf - . -C "$work" wheels |
        ssh -F "$config" "$1" 'rm -rf base && mkdir base && tar -C base -xf -'
    on "$1" <<SCRIPT
cd ~$(ssh -F "$config" "$1" id -un)/base
export SOURCE_DATE_EPOCH=0 DEBIAN_FRONTEND=noninteractive
apt-get -qq install --no-install-recommends mmdebstrap debian-archive-keyring </dev/null >/dev/null
mmdebstrap --variant=extract --quiet --extract-hook=./bootstrap.sh trixie - \
    --include=base-files,base-passwd,busybox,ca-certificates,libc-bin,media-types,netbase,python3,python3-pip-whl,tzdata |
    docker import --change='CMD ["python"]' - rootfs >/dev/null
docker build --quiet --network=none --build-arg=FROM=rootfs --build-arg=WHEELS=wheels --tag=$base . >/dev/null
docker image rm --no-prune rootfs >/dev/null
SCRIPT
}

build_course() {
    tar -C "$project" --exclude=app/tests -cf - Dockerfile .dockerignore app | ssh -F "$config" "$1" \
        "sudo docker build --quiet --network=none --build-arg=LABOCLOUD_REVISION=$revision --tag=$course - >/dev/null"
    ssh -F "$config" "$1" "sudo docker save $base $course | zstd -q -3 -T0" >"$work/images.tar.zst"
}

deliver() {
    if [ "$(on "$1" <<<"docker image inspect --format '$form' $course 2>/dev/null || true")" != "$revision" ]; then
        ssh -F "$config" "$1" "zstd -dcq | sudo docker load --quiet >/dev/null" <"$work/images.tar.zst"
    fi
    on "$1" <<SCRIPT
if [ "\$(docker container inspect --format '$form' flask 2>/dev/null)" != $revision ]; then
    docker rm --force flask >/dev/null 2>&1 || true
    docker run --rm -d --name flask -p 127.0.0.1:8080:8888 --read-only --tmpfs /tmp --cap-drop ALL \
        --security-opt no-new-privileges --memory 128M --pids-limit 64 $course >/dev/null
fi
until python3 -c 'import urllib.request as r; r.urlopen("http://127.0.0.1:8080/healthz")' 2>/dev/null; do sleep 0.2; done
SCRIPT
}

builder=$1
revision=$(tar -C "$project" --sort=name --mtime=@0 --owner=0 --group=0 --mode=a+rX -cf - Dockerfile app | sha256sum | cut -d' ' -f1)
each install_docker "$@"
has=$(on "$builder" <<<"docker image inspect --format '$form' $course 2>/dev/null | grep . || echo none; docker image ls -q $base")
if [ "$(wc -l <<<"$has")" -lt 2 ]; then build_base "$builder"; fi
if [ "$(head -1 <<<"$has")" != "$revision" ]; then build_course "$builder"; fi
each deliver "$@"
