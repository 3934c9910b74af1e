docker volume create --label labo.setup=13 precieux >/dev/null
docker run --rm -v precieux:/data labocloud20202021:base sh -c '[ -e /data/carnet ] || echo 42 > /data/carnet'
docker rm --force --volumes vieux bavard >/dev/null 2>&1 || true
docker run --name vieux labocloud20202021:base true
docker run -d --init --name bavard -v /cache labocloud20202021:base sh -c 'while true; do date; sleep 60; done' >/dev/null
docker commit vieux brouillon:1 >/dev/null
docker commit vieux brouillon:1 >/dev/null
docker volume create inutile >/dev/null
docker network inspect vide >/dev/null 2>&1 || docker network create vide >/dev/null
