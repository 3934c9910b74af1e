docker run -d --name relance -p 8090:8888 --memory 64m labocloud20202021:python
docker port relance
until docker exec relance python healthcheck.py; do sleep 1; done
docker exec relance python -c 'from urllib.request import urlopen; print(urlopen("http://localhost:8888/en/container").status)'
