#!/bin/sh
# Turn extracted Debian packages into a base with Python, pip and a shell.
# $1: the root file system. No maintainer script has run in it: what they would do and the base
# needs is done here.
set -eu
root=$1

# Accounts, temporary directories, local directories.
cp "$root/usr/share/base-passwd/passwd.master" "$root/etc/passwd"
cp "$root/usr/share/base-passwd/group.master" "$root/etc/group"
mkdir -p "$root/tmp" "$root/var/tmp" "$root/usr/local/bin" "$root/usr/local/lib"
chmod 1777 "$root/tmp" "$root/var/tmp"

# The shell and the usual commands.
chroot "$root" /usr/bin/busybox --install -s

# The certificates that TLS is checked against.
mkdir -p "$root/etc/ssl/certs"
find "$root/usr/share/ca-certificates" -name '*.crt' | LC_ALL=C sort | xargs cat \
    >"$root/etc/ssl/certs/ca-certificates.crt"

# Python under the name that the course uses, and a pip that may install: in an image, nothing
# else manages Python's packages.
ln -sf python3 "$root/usr/bin/python"
rm -f "$root"/usr/lib/python3*/EXTERNALLY-MANAGED
pip=$(cd "$root" && echo usr/share/python-wheels/pip-*.whl)
chroot "$root" /usr/bin/python3 "/$pip/pip" install --quiet --no-index --no-compile --no-cache-dir \
    --root-user-action=ignore --disable-pip-version-check "/$pip"

# What no image needs.
rm -rf "$root"/usr/share/doc/* "$root"/usr/share/man/* "$root"/usr/share/locale/* \
    "$root"/usr/share/info/* "$root"/usr/share/python-wheels "$root"/usr/share/lintian \
    "$root"/var/lib/apt/lists/* "$root"/var/cache/* "$root"/var/log/*
find "$root/usr" -name __pycache__ -type d -prune -exec rm -rf {} +
