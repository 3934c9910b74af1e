#!/bin/sh
# The file system on which an instance has its Docker's data: a file, mounted while the instance is.
#
#   files.sh have NAME [KEPT]   make it, empty, or as a copy of one that was kept
#   files.sh keep NAME KEPT     keep what an instance is, as an image and a copy of that file
#   files.sh kept KEPT          tell whether both are there
#   files.sh drop NAME ...      unmount and remove theirs, where there are any
#
# KEPT is RELEASE-DIGEST. Of each release one is kept: the one before goes.
set -eu
place=/var/lib/labocloud-instances
file=$place/$2.ext4

drop() {
    ! mountpoint -q "$place/$1" || umount "$place/$1"
    rm -rf "$place/${1:?}" "$place/$1.ext4"
}

case $1 in
have)
    drop "$2"
    mkdir -p "$place/$2"
    if [ $# -eq 3 ]; then
        cp --sparse=always "$place/kept/$3.ext4" "$file"
    else
        truncate --size=10G "$file"
        mkfs.ext4 -q "$file"
    fi
    mount -o loop "$file" "$place/$2"
    mkdir -p "$place/$2/docker" "$place/$2/containerd"
    ;;
keep)
    # Nobody yet: what tells one machine from another comes with its first start.
    docker exec "$2" sh -euc '
        systemctl stop docker.socket docker.service containerd.service
        rm -f /var/lib/docker/engine-id /etc/docker/key.json /var/lib/dbus/machine-id
        : >/etc/machine-id
        apt-get clean'
    docker stop --time 30 "$2" >/dev/null
    umount "$place/$2"
    mkdir -p "$place/kept"
    cp --sparse=always "$file" "$place/kept/new"
    mount -o loop "$file" "$place/$2"
    release=${3%%-*}
    docker commit --change "LABEL labocloud.kept=$release" "$2" "labocloud-kept:$3" >/dev/null
    find "$place/kept" -name "$release-*" -delete
    mv "$place/kept/new" "$place/kept/$3.ext4"
    # The images before this one. One that a container has stays until the next is kept.
    docker images --no-trunc --quiet --filter "label=labocloud.kept=$release" |
        grep -vxF "$(docker image inspect --format '{{.Id}}' "labocloud-kept:$3")" |
        xargs --no-run-if-empty -n 1 docker rmi >/dev/null 2>&1 || true
    docker start "$2" >/dev/null
    ;;
kept) test -e "$place/kept/$2.ext4" && docker image inspect "labocloud-kept:$2" >/dev/null 2>&1 ;;
drop)
    shift
    for name; do drop "$name"; done
    ;;
esac
