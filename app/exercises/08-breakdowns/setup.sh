docker rm --force --volumes panne1 panne2 panne3 panne4 >/dev/null 2>&1 || true
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
    docker run -d --label labo.setup=8 "$@" >/dev/null 2>&1 || true
}
make --name panne1 -p 8101:8888 labocloud20202021:python ap.py
make --name panne2 -p 8102:8080 labocloud20202021:python
make --name panne3 -p 8103:8888 -v ~/labocloud/ex8:/ex8:ro labocloud20202021:base python /ex8/app.py
make --name panne4 -p 8102:8888 labocloud20202021:python
timeout 300 docker wait panne1 panne3 >/dev/null 2>&1 || true
docker inspect panne1 panne2 panne3 panne4 >/dev/null
