docker run -d --name sourd labocloud20202021:base sh -c 'while true; do sleep 1; done'
docker run -d --name poli --init labocloud20202021:base sh -c 'while true; do sleep 1; done'
docker run -d --name cours labocloud20202021:python
docker top sourd
docker top poli
labo answer 9 10
docker stop -t 3 sourd
docker stop poli
timeout 300 sh -c 'until docker logs cours 2>&1 | grep Listening; do sleep 1; done'
docker stop cours
docker run -d --name tetu --restart on-failure:3 labocloud20202021:base sh -c 'date; sleep 1; exit 1'
timeout 300 sh -c 'until docker inspect --format {{.RestartCount}} tetu | grep -qx 3; do sleep 1; done'
docker logs tetu
docker ps -a --filter name=sourd --filter name=poli --filter name=cours --filter name=tetu --format '{{.Names}}: {{.Status}}'
