#!/bin/sh
# Makes the image that tests of containers run in, unless it is there: a busybox, and nothing that is pulled.
set -eu
docker image inspect "$1" >/dev/null 2>&1 && exit 0
busybox=$(command -v busybox)
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
mkdir "$folder/bin" "$folder/tmp" "$folder/etc"
cp "$busybox" "$folder/bin/busybox"
for name in $("$busybox" --list); do [ "$name" = busybox ] || ln -s busybox "$folder/bin/$name"; done
tar -C "$folder" -c . | docker import - "$1" >/dev/null
# It is statically linked, or does not run.
docker run --rm --network none "$1" true
