# Those of the last time, too, that have another name now.
before=$(docker ps --all --quiet --filter label=labo.setup=8 2>/dev/null || true)
# shellcheck disable=SC2086  # one word a container
docker rm --force --volumes panne1 panne2 panne3 panne4 $before >/dev/null 2>&1 || true
mkdir -p ~/labocloud/ex8
put ~/labocloud/ex8/app.py <<'END'
import socket

from flask import Flask

app = Flask(__name__)


@app.get("/")
def index():
    return {"panne": 3, "container": socket.gethostname()}


app.run(host="0.0.0.0", port=8888)
END
chmod a+rx ~/labocloud/ex8
chmod a+r ~/labocloud/ex8/app.py
make() {
    name=$1
    shift
    docker run -d --name "$name" --label labo.setup=8 --label "labo.name=$name" "$@" >/dev/null 2>&1 || true
}
make panne1 -p 8101:8888 labocloud20202021:python ap.py
make panne2 -p 8102:8080 labocloud20202021:python
make panne3 -p 8103:8888 -v ~/labocloud/ex8:/ex8:ro labocloud20202021:base python /ex8/app.py
make panne4 -p 8102:8888 labocloud20202021:python
timeout 300 docker wait panne1 panne3 >/dev/null 2>&1 || true
docker inspect panne1 panne2 panne3 panne4 >/dev/null
