#!/bin/sh
# Print what a seat is like: packages, configuration, accounts, what listens, what Docker has.
# Two equal prints mean that nothing was changed in between.
export LC_ALL=C
echo "== packages"
dpkg-query --show --showformat '${db:Status-Abbrev} ${Package} ${Version}\n'
echo "== files"
# Not those that list what others hold, caches and backups that the account tools keep; nor what
# systemd writes at a restart.
find /etc /opt /srv /usr/local /var/lib/labocloud -type f \
    ! -name '*-' ! -name ld.so.cache ! -name .pwd.lock ! -name .updated ! -path '/etc/ssl/certs/*' \
    -exec stat --format '%a %U:%G %n' {} + -exec sha256sum {} + 2>/dev/null | sort
# Docker's own directory is a mount point in an instance, and stays; what was in it is looked at below.
find /etc /opt /srv /usr/local /var/lib -maxdepth 2 -type d ! -path '/var/lib/apt*' \
    ! -path /var/lib/docker ! -path '/var/lib/docker/*' | sort
find /etc/systemd /usr/local -type l -printf '%p -> %l\n' | sort
find /run -maxdepth 1 \( -type l -o -name labocloud-engine \) -printf '%p -> %l\n' | sort
find /run/user /var/lib/systemd/linger -mindepth 1 -maxdepth 1 2>/dev/null | sort
echo "== accounts"
getent passwd | sort
getent group | sort
echo "== ports"
# A port that the kernel chose is another one after each start. 127.0.0.11 is the name server of a
# network of Docker's, which the instance is in.
ss --listening --tcp --numeric --processes --no-header | grep --invert-match 127.0.0.11: |
    sed -E 's/.* ([^ ]+:[0-9]+) +[^ ]+ +users:\(\("([^"]+)".*/\1 \2/; s/:(3[3-9]|[4-6][0-9])[0-9]{3} /:* /' | sort
echo "== docker"
if command -v docker >/dev/null; then
    docker images --format '{{.Repository}}:{{.Tag}}' | sort
    docker ps --all --format '{{.Names}}' | sort
    docker volume ls --quiet | sort
    docker network ls --format '{{.Name}}' | sort
    docker info --format '{{.Debug}}'
fi
