mkdir -p ~/labocloud/ex10/web ~/labocloud/ex10/compteur
put ~/labocloud/ex10/web/app.py <<'END'
import json
import socket
from http.server import BaseHTTPRequestHandler, HTTPServer
from urllib.request import urlopen


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        if self.path not in ("/", "/look"):
            return self.send_error(404)
        told = {"web": socket.gethostname()}
        try:
            told["compteur"] = json.load(urlopen("http://compteur:8000" + self.path, timeout=2))
        except OSError as error:
            told["error"] = str(error)
        self.send_response(200)
        self.end_headers()
        self.wfile.write(json.dumps(told).encode() + b"\n")


HTTPServer(("0.0.0.0", 8000), Handler).serve_forever()
END
put ~/labocloud/ex10/compteur/app.py <<'END'
import json
import socket
import time
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

FILE = Path("/data/visits")


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        if self.path not in ("/", "/look"):
            return self.send_error(404)
        if self.path == "/":
            FILE.parent.mkdir(exist_ok=True)
            with FILE.open("a") as file:
                file.write(f"{time.time():.3f} {socket.gethostname()}\n")
        lines = FILE.read_text().splitlines() if FILE.exists() else []
        since, _, first = (lines or [""])[0].rpartition(" ")
        told = {"container": socket.gethostname(), "visits": len(lines), "first": first, "since": since}
        self.send_response(200)
        self.end_headers()
        self.wfile.write(json.dumps(told).encode() + b"\n")


HTTPServer(("0.0.0.0", 8000), Handler).serve_forever()
END
for service in web compteur; do
    put ~/labocloud/ex10/$service/Dockerfile <<'END'
FROM labocloud20202021:base
COPY app.py /app.py
CMD ["python", "/app.py"]
END
done
