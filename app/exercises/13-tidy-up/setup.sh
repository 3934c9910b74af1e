# Where there is none, Docker prints an empty line all the same.
labels=$(docker volume inspect --format '{{json .Labels}}' precieux 2>/dev/null) || labels=absent
case $labels in
*labo.word*)
    # An interruption may have left it without its notebook. Where no container can look, it stays.
    found=$(docker run --rm -v precieux:/data labocloud20202021:base sh -c 'test -s /data/carnet || echo empty') || true
    if [ "$found" = empty ]; then
        docker volume rm precieux >/dev/null
        labels=absent
    fi
    ;;
esac
# One that somebody else has made is left alone: the check says so.
if [ "$labels" = absent ]; then
    word=$(od -An -N4 -tx4 /dev/urandom | tr -d ' ')
    print=$(printf %s "$word" | sha256sum | cut -c1-16)
    docker volume create --label labo.setup=13 --label "labo.made=$(date +%s)" --label "labo.word=$print" precieux >/dev/null
    docker run --rm -v precieux:/data labocloud20202021:base sh -c 'echo "$1" > /data/carnet' labo "$word"
fi
docker rm --force --volumes vieux bavard >/dev/null 2>&1 || true
docker run --name vieux labocloud20202021:base true
docker run -d --init --name bavard -v /cache labocloud20202021:base sh -c 'while true; do date; sleep 60; done' >/dev/null
docker commit vieux brouillon:1 >/dev/null
docker commit vieux brouillon:1 >/dev/null
docker volume create inutile >/dev/null
docker network inspect vide >/dev/null 2>&1 || docker network create vide >/dev/null
