mkdir -p ~/labocloud/ex3
cd ~/labocloud/ex3
cat > app.py <<'END'
from flask import Flask

app = Flask(__name__)

@app.get("/")
def page():
    return "Version 1\n"

app.run(host="0.0.0.0", port=8888)
END
cat > Dockerfile <<'END'
FROM labocloud20202021:base
WORKDIR /app
COPY app.py .
RUN pip install flask
CMD ["python", "app.py"]
END
docker build --network none -t mien:1 .
docker run -d --name avant -p 8091:8888 mien:1
sed -i 's/Version 1/Version 2/' app.py
docker build --network none -t mien:2 .
docker run -d --name apres -p 8092:8888 mien:2
docker ps --filter name=avant --filter name=apres
sleep 2
