docker network create salle
docker run -d --name serveur --network salle labocloud20202021:python
until docker exec serveur python healthcheck.py; do sleep 1; done
docker run --name perdu labocloud20202021:base wget -qO- serveur:8888/healthz || docker logs perdu
docker run --name client --network salle labocloud20202021:base wget -qO- serveur:8888/healthz
docker logs serveur
